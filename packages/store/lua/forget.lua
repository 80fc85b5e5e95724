#!lua flags=allow-oom
-- forget: takes a user off the due index whose hash no longer says that anything waits, or is gone.
--
-- KEYS  1 user hash, 2 due index
-- ARGV  1 uid
-- Returns 1 if it was taken off. The hash decides, in the same step, so that no append between can be forgotten.
if redis.call('HEXISTS', KEYS[1], 'due') == 1 then return 0 end
return redis.call('ZREM', KEYS[2], ARGV[1])
