-- One step on the state of a limit: limit_state.rs in Lua, which a test holds equal to it.
-- KEYS[1] the state; ARGV[1] the step, ARGV[2..] what it says; times in seconds.
local WEIGHT, DECREASE, PLATEAU, MAX_INCREASE = 0.7, 0.5, 0.5, 16.0
local BACKOFF, EXPIRY, MIN_PATIENCE, PATIENCE, MIN_AGAIN = 1.5, 120.0, 1.0, 4.0, 0.02

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local s = {
  epoch = 0, is_flow = 0, held_until = 0, failures = 0, probe_until = 0, rate = 0, cycle = 0,
  since = 0, cycle_start = 0, served = 0, tokens = 0, capacity = 0, refilled = 0, latency = 0,
  expires = 0,
}
local kept = redis.call('HGETALL', KEYS[1])
local kept_state = {}
for i = 1, #kept, 2 do kept_state[kept[i]] = tonumber(kept[i + 1]) end
if now < (kept_state.expires or 0) then
  for name, value in pairs(kept_state) do s[name] = value end
end

local function keep()
  local fields = {}
  for name, value in pairs(s) do
    fields[#fields + 1] = name
    fields[#fields + 1] = string.format('%.17g', value)
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((s.expires - now) * 1000)))
end

local function rate_at(t)
  local x = (t - s.since) / (PLATEAU * s.cycle)
  return s.rate * math.min(1.0 + DECREASE * (x - 1.0) ^ 3, MAX_INCREASE)
end

local function wait(seconds, slot)
  return { 'wait', string.format('%.6f', seconds), string.format('%.0f', slot) }
end

local function go(is_probe)
  return { is_probe and 'probe' or 'go', string.format('%.0f', s.epoch) }
end

local function probe(is_last)
  local held_until = s.held_until + (is_last and MIN_PATIENCE or 0)
  local again = math.min(s.probe_until, now + math.max(s.latency, MIN_AGAIN))
  local til = now < s.held_until and s.held_until or again
  if is_last and now < held_until then til = math.max(til, now + MIN_AGAIN) end
  if now < til then return wait(til - now, 0) end
  s.probe_until = now + math.max(MIN_PATIENCE, PATIENCE * s.latency)
  return go(true)
end

local function flow(slot)
  if slot == s.epoch then return go(false) end
  if s.refilled > now then
    s.refilled = s.refilled + 1.0 / rate_at(s.refilled)
    return wait(s.refilled - now, s.epoch)
  end
  local rate = rate_at(now)
  local tokens = math.min(s.tokens + rate * (now - s.refilled), s.capacity)
  s.tokens = math.max(tokens - 1.0, 0.0)
  s.capacity = math.max(s.tokens, 1.0)
  s.refilled = now
  if tokens >= 1.0 - 1e-6 then return go(false) end
  s.refilled = now + (1.0 - tokens) / rate
  return wait(s.refilled - now, s.epoch)
end

local function rejected(epoch, asked, base_delay, max_delay, random)
  local pause = math.max(asked, 0)
  if epoch == s.epoch then
    local is_probe = s.epoch > 0 and s.is_flow == 0
    s.failures = is_probe and s.failures + 1 or 0
    if not is_probe then s.since = now end
    s.epoch, s.is_flow, s.probe_until = s.epoch + 1, 0, 0
    local interval = s.rate > 0 and 1.0 / s.rate or 0
    local factor = BACKOFF ^ math.min(s.failures, 64)
    local backoff = math.min(math.max(base_delay, interval) * factor, max_delay)
    pause = asked < 0 and backoff * (0.75 + 0.25 * random) or asked + backoff * random
  end
  s.held_until = math.max(s.held_until, now + math.min(pause, max_delay))
  s.expires = s.held_until + EXPIRY
end

local function probe_served(epoch, latency)
  s.latency = s.latency > 0 and math.min(s.latency, latency) or latency
  if s.is_flow == 1 or s.epoch == 0 or epoch ~= s.epoch then return end
  local lasted = math.max(now - s.cycle_start, 1e-3)
  local before = s.served - 1.0
  local seen = before > 0 and before / lasted or 2.0 / math.max(s.latency, MIN_AGAIN)
  local rate, cycle = seen, lasted
  if s.rate > 0 then rate, cycle = s.rate, s.cycle end
  s.rate = rate + WEIGHT * (seen - rate)
  s.cycle = cycle + WEIGHT * (lasted - cycle)
  s.tokens = math.max(s.rate * (1.0 - DECREASE) * (now - s.since) - 1.0, 0.0)
  s.capacity = math.max(s.tokens, 1.0)
  s.since, s.refilled, s.cycle_start, s.served = now, now, now, 1.0
  s.is_flow, s.failures = 1, 0
end

local step = ARGV[1]
if step == 'look' then return { s.epoch == 0 and 'free' or 'limited' } end
local served, lasted = tonumber(ARGV[2]), tonumber(ARGV[3])
local reply = { 'noted' }
if step == 'rejected' then
  if s.epoch == 0 then s.cycle_start = now - lasted end
  s.served = s.served + served
  rejected(tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]))
elseif s.epoch == 0 then
  return { step == 'admit' and 'free' or 'noted' }
else
  s.served = s.served + served
  if step == 'served' then
    probe_served(tonumber(ARGV[4]), tonumber(ARGV[5]))
  else
    local slot = tonumber(ARGV[4])
    reply = s.is_flow == 1 and flow(slot) or probe(ARGV[5] == '1')
  end
end
keep()
return reply
