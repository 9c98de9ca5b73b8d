"""The training of the networks: batches, gradients, the optimiser, and how it goes on after a break."""
