"""The composition root: the one place that knows which plug-ins and nouns there are, and joins them with the towns.

`towns` opens those of an installation; `back_offices`, `feeds` and `plug_ins` what one of them names.
"""
