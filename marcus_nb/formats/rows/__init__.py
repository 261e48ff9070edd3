"""Tables of rows: which column plays which part; exchanges of question and answer, and logs of messages."""
