"""From rows and a model to events: whole files, streams, groups, and what is remembered between runs."""
