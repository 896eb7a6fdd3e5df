-- One step of a limiter: the copy of limiter.rs in Lua. A test compares both.
-- KEYS[1] is the state, and ARGV[1] the step as JSON. The reply is JSON too. Times are in seconds.
local WEIGHT, DECREASE, PLATEAU, MAX_INCREASE, BACKOFF = 0.7, 0.5, 0.47, 16.0, 1.5
local EXPIRY, MIN_PATIENCE, PATIENCE, MIN_POLL, BATCH = 120.0, 1.0, 4.0, 0.02, 0.05
local MAX_HOLD, MAX_STEP_BACK, OUTAGE = 3600.0, 1.0, 3
local NAMES = {
  'epoch', 'is_flow', 'held_until', 'failures', 'patient_until', 'rate', 'cycle', 'since', 'cycle_start', 'served',
  'granted', 'tokens', 'capacity', 'refilled', 'spend_at', 'latency', 'expires', 'updated',
}

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local s = {}

local function reset()
  for _, name in ipairs(NAMES) do s[name] = 0 end
end

reset()
local kept = redis.call('HGETALL', KEYS[1])
for i = 1, #kept, 2 do
  if s[kept[i]] then s[kept[i]] = tonumber(kept[i + 1]) or 0 / 0 end
end
local is_sound = s.updated <= now + MAX_STEP_BACK and s.held_until <= now + MAX_HOLD
  and s.expires <= now + MAX_HOLD + EXPIRY
for _, name in ipairs(NAMES) do is_sound = is_sound and s[name] - s[name] == 0 end
if not is_sound then reset() end
local is_over = now >= s.expires
local json = cjson.decode(ARGV[1])
if json == 'Look' then return is_over and '"Free"' or '"Limited"' end
local kind, step = next(json)

if is_over then
  if kind == 'Admit' and step.want >= 2 and s.epoch > 0 then
    s.rate, s.cycle_start, s.served, s.granted = 0, now, 0, 0
    s.is_flow, s.failures, s.patient_until = 1, 0, 0
    s.expires = now + EXPIRY
  else
    redis.call('DEL', KEYS[1])
    reset()
  end
end
if s.epoch == 0 and kind ~= 'Rejected' then return kind == 'Admit' and '"Free"' or '"Noted"' end
s.updated = now

local function rate_at(t)
  local x = (t - s.since) / (PLATEAU * s.cycle)
  return s.rate * math.min(1.0 + DECREASE * (x - 1.0) ^ 3, MAX_INCREASE)
end

local function seconds(time) return time.secs + time.nanos / 1e9 end

local function go(is_probe, turns, rate)
  local text = '{"Go":{"epoch":%.0f,"is_probe":%s,"turns":%.0f,"rate":%.9f}}'
  return text:format(s.epoch, tostring(is_probe), turns, rate)
end

local function wait(til, slot_epoch, turns, rate)
  local secs, fraction = math.modf(math.max(til - now, 0))
  local text = '{"Wait":{"time":{"secs":%.0f,"nanos":%d},"slot":{"epoch":%.0f,"turns":%.0f},"rate":%.9f}}'
  return text:format(secs, fraction * 1e9, slot_epoch, turns, rate)
end

local function patience() return math.max(MIN_PATIENCE, PATIENCE * s.latency) end

local function poll_later()
  return wait(math.min(s.patient_until, now + math.max(s.latency, MIN_POLL)), 0, 0, s.rate)
end

local function probe()
  if now < s.patient_until then return poll_later() end
  s.patient_until = now + patience()
  return go(true, 1, 0)
end

local function slow_start(want)
  local room = 2.0 * s.served + 1.0 - s.granted
  if room < 1.0 and now >= s.patient_until then room = 1.0 end
  if room < 1.0 then return poll_later() end
  local turns = math.floor(math.min(room, want))
  s.granted = s.granted + turns
  s.patient_until = now + patience()
  return go(false, turns, 0)
end

local function save(rate)
  if s.refilled > now then return 0 end
  local unused = s.tokens + rate * (now - math.max(s.refilled, s.spend_at)) - s.capacity
  if unused > 0 then
    s.since = s.since + unused / rate
    s.cycle_start = s.cycle_start + unused / rate
  end
  return math.min(s.tokens + rate * (now - s.refilled), s.capacity) + 1e-6
end

local function flow(want)
  local rate = rate_at(math.max(s.refilled, now))
  if step.slot.epoch == s.epoch and step.slot.turns > 0 then return go(false, step.slot.turns, rate) end
  local saved = save(rate)
  local at, turns
  if saved >= 1.0 then
    local fast = rate + 1.0 / math.max(s.latency, MIN_POLL)
    turns = math.min(math.floor(math.max(math.min(fast * BATCH, saved), 1.0)), want)
    at = math.max(s.spend_at, now)
    s.spend_at, s.refilled = at + turns / fast, now
    s.tokens = saved - turns
  else
    turns = math.min(math.floor(math.max(rate * BATCH, 1.0)), want)
    s.refilled = math.max(s.refilled, now) + (turns - saved) / rate
    s.tokens, at = 0, s.refilled
  end
  s.capacity = math.max(s.tokens, 1.0)
  if at <= now then return go(false, turns, rate) end
  return wait(at, s.epoch, turns, rate)
end

local function rejected()
  local met = now - math.min(seconds(step.age), MAX_HOLD)
  local base, max = seconds(step.base_delay), math.min(seconds(step.max_delay), MAX_HOLD)
  local requested = step.requested ~= cjson.null and seconds(step.requested)
  local pause = requested or 0
  if s.epoch == 0 then s.cycle_start = met - seconds(step.lasted) end
  if s.epoch == 0 or step.epoch == s.epoch then
    local is_probe = s.epoch > 0 and s.is_flow == 0
    s.failures = is_probe and s.failures + 1 or 0
    if not is_probe then s.since = met end
    if s.epoch == s.failures and s.failures >= OUTAGE and requested then s.served = 0 end
    s.epoch, s.is_flow, s.patient_until = s.epoch + 1, 0, 0
    local interval = s.rate > 0 and 1.0 / s.rate or 0
    local backoff = math.min(math.max(base, interval) * BACKOFF ^ math.min(s.failures, 64), max)
    local spread = math.min(backoff, math.max(pause, 4.0 * base)) * step.random
    pause = requested and requested + spread or backoff * (0.75 + 0.25 * step.random)
  end
  s.held_until = math.max(s.held_until, met + math.min(pause, max))
  s.expires = math.max(s.held_until, now) + EXPIRY
end

local function release()
  local lasted, before = math.max(now - s.cycle_start, 1e-3), s.served - 1.0
  if before > 0 then
    local seen = before / lasted
    local rate, cycle = seen, lasted
    if s.rate > 0 then rate, cycle = s.rate, s.cycle end
    s.rate = rate + WEIGHT * (seen - rate)
    s.cycle = cycle + WEIGHT * (lasted - cycle)
  end
  s.tokens = math.max(s.rate * (1.0 - DECREASE) * math.max(now - s.since, 0) - 1.0, 0)
  s.capacity = math.max(s.tokens, 1.0)
  s.since, s.refilled, s.spend_at, s.cycle_start = now, now, now, now
  s.served, s.granted, s.is_flow, s.failures = 1.0, 1.0, 1, 0
end

local function served()
  local latency = seconds(step.latency)
  local is_slower = s.latency > 0 and latency > s.latency
  s.latency = is_slower and s.latency + 0.1 * (latency - s.latency) or latency
  if s.is_flow == 0 and step.epoch == s.epoch then release() end
end

local reply = '"Noted"'
if kind == 'Unanswered' then
  if step.epoch == s.epoch then s.patient_until, s.granted = 0, s.granted - 1.0 end
else
  s.served = s.served + step.served
  if kind == 'Rejected' then
    rejected()
  elseif kind == 'Served' then
    served()
  elseif now < s.held_until then
    reply = wait(s.held_until, 0, 0, s.rate)
  elseif s.is_flow == 0 then
    reply = probe()
  elseif s.rate > 0 then
    reply = flow(math.max(step.want, 1))
  else
    reply = slow_start(math.max(step.want, 1))
  end
end

local fields = {}
for name, value in pairs(s) do
  fields[#fields + 1] = name
  fields[#fields + 1] = string.format('%.17g', value)
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((s.expires - now) * 1000)))
return reply
