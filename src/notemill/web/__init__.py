"""The dashboard: one local page for the vault's runs, proposals, tags and links.

`serving` starts it, `guard` stands before everything, `site` puts the screens together. Routes call
the services of `notemill.app`; nothing here opens a store or decides anything.
"""
