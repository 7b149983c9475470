"""What `runs doctor` looks at: what a run needs. Every call is a read, or a request to be refused."""
