"""Reading from a real S3 server over a line that is made slow: is the model of latency right?"""
