"""``python -m physiosync_rt``."""

from physiosync_rt.cli import main

if __name__ == "__main__":
    main()
