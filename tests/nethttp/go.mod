module hotseat.dev/tests/nethttp

go 1.26
