base:
  '*':
    - sites
