"""Output for programs: CSV, JSON, Nagios, Prometheus."""
