module hotseat.dev/client

go 1.22
