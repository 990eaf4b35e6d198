"""Words of any language: finding them, folding them, telling the language."""
