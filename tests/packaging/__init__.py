"""What operators install: dashboard, alerts, unit, container file, settings."""
