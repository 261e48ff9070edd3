"""Lists of messages inside records: who says what in the exports of chat platforms, helpdesks and training data."""
