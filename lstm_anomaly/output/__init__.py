"""Results as text, reports and pictures, and as arrays for Python; the only room that uses rich."""
