module worker

go 1.22

require hotseat.dev/client v0.1.0

replace hotseat.dev/client => ../../../clients/go
