{% from 'common/map.jinja' import root, platform with context %}

{{ root }}/etc:
  file.directory:
    - mode: '0755'
    - makedirs: True

{{ root }}/etc/{{ platform.motd }}:
  file.managed:
    - contents: |
        {{ pillar['motd'] }}
        This is {{ grains['id'] }}, {{ grains['kernel'] }} on {{ grains['cpuarch'] }}.
    - mode: '0644'
    - require:
      - file: {{ root }}/etc
