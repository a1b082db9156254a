"""What `?` says of each panel of the screen Machine."""

LIST = (
    "Every GPU that a driver knows, and the processor. ● works, ! is held back, ✗ is lost: its driver "
    "no longer answers, and old figures are not shown. The arrows choose whose gauges stand below; "
    "Enter enlarges them."
)
GAUGES = (
    "The chosen device now and lately, the newest at the right, against a fixed scale: 0 to 100 % or "
    "°C, power against its limit. Held back: why its clocks are below what they could be. ? is not "
    "known, with the reason. Up and down choose another device."
)
ENGINE = (
    "The model server. A line for each slot at work: ◌ reads a prompt, ● writes an answer, for the network "
    "or for you, that is your own programs. Decode and prefill: tokens a second lately, written and read. "
    "Reused: the share of prompt tokens that an earlier prompt had computed already. Enter shows the launch "
    "plan: GPU layers, context, slots, threads and batch, each with its reason, and what was given up when "
    "memory ran out."
)
USERS = (
    "Who keeps the processor busy, the busiest first, or who holds memory on the chosen GPU. ● belongs "
    "to this node. % CORE is of one core: 200 is two of them. Names are their owners' choice; command "
    "lines, which may hold secrets, are never read."
)
FACTS = (
    "What the drivers see beside what this build of llama.cpp can use: where they differ, a device "
    "stands idle. ✗ and ! deserve a look, and → says what to do. g probes the machine again. The arrows "
    "scroll."
)
