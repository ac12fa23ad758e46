motd: Managed by Salt states, pushed by pinch.
sites:
  example.test:
    port: 8080
    aliases: [www.example.test]
  {%- if grains['id'] == 'web2' %}
  staging.example.test:
    port: 8081
  {%- endif %}
