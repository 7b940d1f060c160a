// SPDX-License-Identifier: Apache-2.0
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// Crashpad on macOS writes hertz here: 2800000000 for 2.8 GHz. No processor has a
/// million megahertz.
constexpr std::uint32_t plausible_mhz(std::uint32_t value) {
  constexpr std::uint32_t kHertzPerMhz = 1'000'000;
  return value < kHertzPerMhz ? value : value / kHertzPerMhz;
}

constexpr Microseconds seconds(std::uint32_t count) {
  return std::chrono::seconds(std::int64_t{count});
}

void read_power(ByteView info, snapshot::SystemInfo& system) {
  const auto power = info.read<format::MiscInfoPower>(sizeof(format::MiscInfo));
  if (!power.ok()) return;
  system.max_mhz = plausible_mhz(power->processor_max_mhz);
  system.current_mhz = plausible_mhz(power->processor_current_mhz);
}

void read_protection(ByteView info, std::uint32_t flags, snapshot::ProcessInfo& process) {
  const auto raw = info.read<format::MiscInfoProtection>(format::kMiscProtectionAt);
  if (!raw.ok()) return;
  if ((flags & format::kMiscIntegrity) != 0) process.integrity_level = raw->process_integrity_level;
  if ((flags & format::kMiscExecuteFlags) != 0) process.execute_flags = raw->process_execute_flags;
  if ((flags & format::kMiscProtectedProcess) != 0)
    process.is_protected = raw->protected_process != 0;
}

/// Text of a field that may be lost: it is noted, and nobody's loss but its own.
std::string text_of(Reader& reader, ByteView field, std::string_view what) {
  auto text = reader.wide_field(field);
  if (text.ok()) return std::move(text).take();
  reader.note(fmt::format("{}: {}", what, text.error().message()));
  return {};
}

void read_time_zone(Reader& reader, ByteView info, snapshot::SystemInfo& system) {
  constexpr std::uint32_t kStandard = 1, kDaylight = 2;
  constexpr std::int32_t kMaxBiasMinutes = 24 * 60;
  const auto raw = info.read<format::MiscInfoTimeZone>(format::kMiscTimeZoneAt);
  if (!raw.ok()) return;
  const bool daylight = raw->time_zone_id == kDaylight;
  const auto in_bounds = [](std::int32_t minutes) {
    return minutes >= -kMaxBiasMinutes && minutes <= kMaxBiasMinutes;
  };
  const auto extra = daylight                         ? raw->daylight_bias
                     : raw->time_zone_id == kStandard ? raw->standard_bias
                                                      : 0;
  if (!in_bounds(raw->bias) || !in_bounds(extra)) {
    reader.note(
        fmt::format("time zone: its bias of {} and {} minutes cannot be", raw->bias, extra));
    return;
  }
  const auto name_at = daylight ? offsetof(format::MiscInfoTimeZone, daylight_name)
                                : offsetof(format::MiscInfoTimeZone, standard_name);
  auto& zone = system.time_zone.emplace();
  zone.bias_minutes = raw->bias + extra;
  zone.name =
      text_of(reader, info.clamp(format::kMiscTimeZoneAt + name_at, sizeof(raw->standard_name)),
              "time zone");
}

void read_xstate(ByteView info, snapshot::ProcessInfo& process) {
  const auto raw = info.read<format::XStateConfig>(format::kMiscXStateAt);
  if (!raw.ok() || raw->size_of_info == 0) return;
  process.xstate_context_bytes = raw->context_size;
  process.xstate_features = raw->enabled_features;
}

}  // namespace

Status read_misc_info(Reader& reader, ByteView stream, snapshot::Snapshot& snapshot) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::MiscInfo>(0));
  const auto has = [&raw](std::uint32_t flag) { return (raw.flags1 & flag) != 0; };
  auto& process = snapshot.process;
  auto& system = snapshot.system;
  if (has(format::kMiscProcessId)) process.pid = ProcessId{raw.process_id};
  if (has(format::kMiscProcessTimes)) {
    process.create_time = Timestamp{} + seconds(raw.process_create_time);
    process.user_time = seconds(raw.process_user_time);
    process.kernel_time = seconds(raw.process_kernel_time);
  }
  // Five versions of the structure exist. The flag, and not the version, tells what is filled in.
  const auto info = stream.clamp(0, raw.size_of_info);
  if (has(format::kMiscProcessorPower)) read_power(info, system);
  read_protection(info, raw.flags1, process);
  if (has(format::kMiscTimeZone)) read_time_zone(reader, info, system);
  if (has(format::kMiscBuildString)) {
    const auto field = info.clamp(format::kMiscBuildStringAt, format::kMiscBuildStringBytes);
    system.build_text = text_of(reader, field, "build string");
  }
  read_xstate(info, process);
  const auto cookie = info.read<std::uint32_t>(format::kMiscCookieAt);
  if (has(format::kMiscCookie) && cookie.ok()) process.cookie = *cookie;
  return {};
}

}  // namespace vigil::minidump
