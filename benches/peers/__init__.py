"""The programs that coproc is compared with. They are not part of it: options or the environment say where they are."""
