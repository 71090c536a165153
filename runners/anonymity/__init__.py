"""Anonymity: how rows and texts are made harder to trace back to people, and how far that goes.

Tables: `mondrian` puts rows into classes, `generalise` makes model inputs of the classes, `covers`
says what is published of them, `risk`, `linkage` and `loss` measure before and after. Texts:
`patterns` and `names` find what identifies, `pseudonyms` replaces it. The options of the group
`anonymisation` put these together.
"""
