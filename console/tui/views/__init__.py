"""What each panel shows: pure functions from a `View` and a `Frame` to rows. No Textual may enter."""
