"""The LSTM autoencoder and its training, in NumPy; knows nothing of files or screens."""
