"""A job's life at this node: taken or declined, run, journalled, sent, answered, judged, paid."""
