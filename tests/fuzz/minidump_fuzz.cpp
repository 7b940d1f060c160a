// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/utf.h"
#include "minidump/minidump.h"

namespace {

namespace minidump = vigil::minidump;
namespace snapshot = vigil::snapshot;
using vigil::ByteView;
using vigil::printable_utf8;

void check_text(std::string_view text) {
  VIGIL_CHECK(printable_utf8(text) == text);
}

void check_annotations(const snapshot::Crashpad::Annotations& annotations) {
  for (const auto& [name, value] : annotations) {
    check_text(name);
    check_text(value);
  }
}

void check_handles(const snapshot::Handles& handles) {
  VIGIL_CHECK(handles.list.size() <= handles.total);
  for (const auto& type : handles.types) check_text(type);
  for (const auto& object : handles.objects) check_text(object.name);
  for (const auto& handle : handles.list) {
    VIGIL_CHECK(handle.type == snapshot::Handle::kNone || handle.type < handles.types.size());
    VIGIL_CHECK(handle.object == snapshot::Handle::kNone || handle.object < handles.objects.size());
  }
}

/// What a report takes over.
void check_rarer_streams(const snapshot::Snapshot& snapshot) {
  check_handles(snapshot.handles);
  for (const auto& table : snapshot.function_tables) {
    VIGIL_CHECK(table.entries.size() == table.size() * table.entry_size);
    if (table.size() != 0)
      VIGIL_CHECK(table.entries.read<std::uint64_t>(0).ok() || table.entry_size < 8);
  }
  VIGIL_CHECK(std::ranges::is_sorted(snapshot.function_tables, {},
                                     [](const auto& table) { return table.minimum; }));
  if (snapshot.system.time_zone) check_text(snapshot.system.time_zone->name);
  for (const auto* text : {&snapshot.system.build_text, &snapshot.system.distribution,
                           &snapshot.system.cpu_model_name, &snapshot.system.microcode}) {
    check_text(*text);
  }
  (void)snapshot::cpu_features(snapshot.system);
  if (snapshot.crashpad) {
    check_annotations(snapshot.crashpad->annotations);
    for (const auto& module : snapshot.crashpad->modules) check_annotations(module.annotations);
  }
  if (snapshot.assertion) check_text(snapshot.assertion->expression);
}

/// What unwinding and analysis do with a dump, and what they take for granted.
void use(minidump::Minidump& dump) {
  const auto& snapshot = dump.snapshot();
  auto& memory = dump.memory();
  std::uint64_t captured = 0;
  for (const auto& thread : snapshot.threads) {
    check_text(thread.name);
    const auto stack =
        memory.at(thread.stack.base, std::min<std::uint64_t>(thread.stack.size, 4096));
    VIGIL_CHECK(stack.size() <= thread.stack.size);
    if (const auto sp = snapshot::stack_pointer(thread.context))
      captured += memory.at(*sp, 64).size();
    (void)snapshot::named_registers(thread.context);
  }
  const snapshot::ModuleMap map(snapshot.modules);
  for (const auto& module : snapshot.modules) {
    check_text(module.path);
    check_text(module.debug_file);
    VIGIL_CHECK(module.size == 0 || module.base + module.size > module.base);
    VIGIL_CHECK(module.size == 0 || map.find(module.base).has_value());
    captured += memory.at(module.base, 4096).size();
    (void)memory.read<std::uint32_t>(module.base + 0x3c);
  }
  for (const auto& module : snapshot.unloaded_modules) check_text(module.name);
  VIGIL_CHECK(
      std::ranges::is_sorted(snapshot.regions, {}, [](const auto& r) { return r.range.base; }));
  check_rarer_streams(snapshot);
  for (const auto& note : dump.diagnostics().notes()) check_text(note);
  check_text(snapshot.comment);
  VIGIL_CHECK(captured == 0 || snapshot.captured_bytes != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr minidump::Limits kLimits{.max_unpacked_bytes = std::uint64_t{4} << 20};
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto dump = minidump::Minidump::parse(ByteView(bytes), kLimits);
  if (dump.ok()) {
    use(**dump);
  } else {
    VIGIL_CHECK(!dump.error().message().empty());
  }
  return 0;
}
