-- Nobody listens: other processes look by themselves.
SELECT :channel, :payload
