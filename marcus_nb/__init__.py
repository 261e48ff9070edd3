"""Marcus: a notebook-driven workbook that gives a language model a personality."""
