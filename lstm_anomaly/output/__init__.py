"""Results as text: tables, CSV, JSON; the only part that uses rich."""
