"""Results as text: tables, CSV, JSON, reports; the only room that uses rich."""
