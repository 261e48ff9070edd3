"""`python trl_tuned.py RUN FOLDER WARM_UP`: TRL as who knows it well would set it, learning what Marcus learns."""

import sys
from pathlib import Path

from sft import train

# The base model's ChatML, with the markers by which TRL's documentation has `assistant_only_loss` find the persona's
# turns, all of them. The end-of-turn token stands inside, as TRL wants it; the line break after it stands outside.
MARKED = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '<|im_start|>assistant\n' }}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{{ '\n' }}"
    "{% else %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

if __name__ == "__main__":
    train(
        sys.argv[1],
        Path(sys.argv[2]),
        int(sys.argv[3]),
        template=MARKED,
        assistant_only_loss=True,
        gradient_checkpointing=False,
        train_sampling_strategy="group_by_length",
    )
