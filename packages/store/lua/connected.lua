#!lua flags=allow-oom
-- connected: notes that a gateway holds a socket of a user.
--
-- KEYS  1 connections of the user
-- ARGV  1 socket id, 2 gateway id, 3 ms the note lives unless repeated
-- allow-oom: connecting has to work when memory is full, or nothing could ever drain.
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
