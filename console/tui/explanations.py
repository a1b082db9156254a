"""What `?` says of each panel of the Deck."""

EARNINGS = (
    "Today is your local day: what accepted answers earned, less penalties. Pending becomes available "
    "when the network closes its epoch; the bond is held back from rewards until its target stands, "
    "and covers penalties. ✓ accepted, ! failed without penalty, ✗ rejected."
)
STANDING = (
    "Last accepted and last paid are the node's health. Every live node has the same chance in each "
    "draw: expected is the sum of those chances, ± is the 95 % band that honest luck stays in."
)
MACHINE = (
    "What this machine does now and did lately, against a fixed scale of 0 to 100 %. A GPU is shown "
    "when a driver reports one; a lost one says so instead of showing an old figure."
)
ENGINE = (
    "The model server: the model, how many of its slots work, tokens per second with their history, "
    "how fast it reads prompts (prefill), and how soon a first token came. Machine (5) shows each slot. "
    "The self-test proves at every start that this engine computes "
    "bit-exactly, which exact audits rest on."
)
LIVE = (
    "Jobs on this node, live ones first. DRAW: the chance that it had; ✓ means that this machine "
    "recomputed the draw itself. Enter opens a job: its life, draw proof, verdict, receipt and ledger "
    "entries."
)
VERDICTS = (
    "How answers were judged, newest first. Exact: every token recomputed bit for bit. Replay: "
    "sampling recomputed from the commitment. Not audited: accepted without a closer look, as most "
    "are after probation. Enter opens the job."
)
PENALTIES = (
    "What was taken and why (✗), and jobs whose claimed, accepted and settled amounts do not agree "
    "although they should by now (!). Enter opens one, Enter again the job's evidence."
)
COLUMNS = (
    "Claimed: what this node's journal says that its answers earn. Accepted: what verdicts cover of it. "
    "Settled: what receipts have booked. A difference is shown with its reason, never smoothed over. "
    "r changes the range of days."
)
STATEMENTS = (
    "Each epoch closes with a signed statement. This node checks its signature, its sums and that it follows "
    "the last one, finds its own accounts and receipts in it, and compares it with the journal. What is "
    "wrong stands first (✗). Enter, or s from any panel, shows every check and the receipts that it counts."
)
STATEMENT = (
    "Claimed: what this node's journal says that these answers earn. Accepted: what verdicts cover of it. "
    "Settled: what the statement credits. A check with · could not be made, and says why. Arrow keys move, "
    "Tab goes to the receipts."
)
COUNTED = (
    "The receipts of this node that the statement counts, each found by a path to its root. Enter opens the "
    "job: draw, verdict, receipt, ledger entries."
)
ACCOUNTS = (
    "Pending becomes available when the network closes its epoch. The bond is held back from rewards until "
    "its target stands, and covers penalties; what it still needs is reckoned at the pace of the last 7 days."
)
DAYS = (
    "What each day earned, all bars from zero and to one scale. ✗ marks a day with a penalty; where there "
    "is no bar and no line, no entry was made. r changes the range, c writes a month to a CSV file."
)
RATES = (
    "Net of the range by hours worked (at least one job was generated) and by hours online (ready, and the "
    "network knew it). Electricity is what was measured or what you gave in [power]. The month's end is "
    "reckoned from whole days before today, days off included; with fewer than 3 days of work it is not."
)
MODEL_EARNINGS = "What each model brought over all days that are kept, penalties taken off."
WHY = (
    "The one current reason: what it means, what to do, whose fault it is, who says so, and what it rests "
    "on. A suspension has its way back, step by step. Health is when an answer was last accepted and last "
    "paid, not that a process runs."
)
STRIP = (
    "The last 24 hours, newest at the right. A cell covers some minutes: it shows × if the node was down in "
    "any of them, else the kind that held longest. █ earning, ▄ idle (no work came), ‖ paused (told to, or "
    "a limit), × down, · off (the agent did not run)."
)
MONTH = (
    "How much of each day's 24 hours was spent earning, idle, paused and down. What is missing, the agent "
    "was off. The share at the right is of the days that have an entry."
)
SPELLS = "Every stretch of time with one reason, newest first. Enter says what it means and what to do."
JUDGED = (
    "How answers were judged, newest first; the last 200 are kept here. Exact: every position recomputed bit "
    "for bit. Tolerant: recomputed on another kind of machine, by limits that were measured. Abstained: "
    "replayed, with no such limits. Replay: sampling recomputed from the commitment. Not audited: accepted "
    "without a closer look. CHECKED 64/128: 64 positions, in windows. DIFFER: tokens, and @ the first; a "
    "share is of the limit. Enter opens the evidence, x judges again on this machine, o shows only some."
)
ACCEPTANCE = (
    "Accepted of all that were judged, today and since the journal began. Audited: how many of the last "
    "verdicts rest on a look into the answer; Rate now: how often the network says that it looks into this "
    "node's answers. After probation the two differ for a while, since older answers were looked at more."
)
MARGINS = (
    "How far audited answers were from being rejected. Replay and exact recomputation know one margin: not "
    "one token may differ. A tolerant one has limits: the share of the nearest one is told. The bars count "
    "audits by the number of tokens that they looked at; the longer the answer, the more an audit proves."
)
LIMITS = (
    "Rejections that still count, against the number at which the network suspends the node. The warning "
    "before a limit is reached stands on every screen."
)
