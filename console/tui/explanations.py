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
    "and how soon a first token came. The self-test proves at every start that this engine computes "
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
