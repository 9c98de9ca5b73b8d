"""The training of the networks: batches, gradients, the optimiser, and how it resumes."""
