"""`runs`: the command line of the people who operate Fargate Runs."""
