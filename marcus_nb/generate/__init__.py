"""What a model says next: replies to conversations in batches, or one as it comes."""

from marcus_nb.generate.answering import Reply, answers, replies, reply_ids
from marcus_nb.generate.batches import Log, continue_ids
from marcus_nb.generate.streaming import stream

__all__ = ["Log", "Reply", "answers", "continue_ids", "replies", "reply_ids", "stream"]
