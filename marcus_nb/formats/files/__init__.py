"""From bytes to raw tables: what a person names, what kind of file it is, where its records lie."""
