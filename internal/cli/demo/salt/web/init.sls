{% from 'common/map.jinja' import root with context %}
include:
  - common

{% for site, settings in pillar['sites'].items() %}
{{ root }}/srv/{{ site }}:
  file.directory:
    - makedirs: True

{{ root }}/etc/sites/{{ site }}.conf:
  file.managed:
    - source: salt://web/files/site.conf.jinja
    - template: jinja
    - makedirs: True
    - mode: '0640'
    - context:
        site: {{ site }}
        port: {{ settings['port'] }}
        docroot: {{ root }}/srv/{{ site }}
    - require:
      - file: {{ root }}/srv/{{ site }}
{% endfor %}

{{ root }}/etc/sites/current:
  file.symlink:
    - target: {{ pillar['sites'] | first }}.conf
    - require:
      - file: {{ root }}/etc/sites/{{ pillar['sites'] | first }}.conf

reload-web:
  cmd.run:
    - name: wc -l {{ root }}/etc/sites/*.conf | tail -n 1
    - onchanges:
      - file: {{ root }}/etc/sites/*
