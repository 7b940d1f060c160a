// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf.h"
#include "report/fields.h"
#include "report/json_text.h"
#include "report/time_stamp.h"

namespace vigil::report {
namespace {

constexpr std::size_t kAddressDigits = 16, kCodeDigits = 8;

/// The archive that writes. What is unknown is left out; the `when` of a method says what is known.
class Writer {
 public:
  Writer(const Report& report, bool pretty) : report_(report), json_(pretty) {
    if (!report.crash) return;
    const auto found =
        std::ranges::find(report.threads, report.crash->thread_id, &Thread::thread_id);
    if (found != report.threads.end())
      crashing_thread_ = static_cast<std::size_t>(found - report.threads.begin());
  }

  void text(const char* key, const std::string& value) {
    if (value.empty()) return;
    json_.key(key);
    json_.string(value);
  }
  void texts(const char* key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    array(key, values, [this](const std::string& value) { json_.string(value); });
  }
  template <class Int>
  void number(const char* key, Int value, bool when = true) {
    if (when) derived(key, value);
  }
  void code(const char* key, std::uint32_t value) {
    json_.key(key);
    json_.hex(value, kCodeDigits);
  }
  template <class Int>
  void number(const char* key, const std::optional<Int>& value) {
    if (value) derived(key, *value);
  }
  void flag(const char* key, bool value) {
    if (value) derived(key, true);
  }
  void flag(const char* key, const std::optional<bool>& value) {
    if (value) derived(key, *value);
  }
  void code(const char* key, const std::optional<std::uint32_t>& value) {
    if (value) code(key, *value);
  }
  void address(const char* key, std::uint64_t value, bool when = true) {
    if (!when) return;
    json_.key(key);
    json_.hex(value, kAddressDigits);
  }
  void address(const char* key, const std::optional<std::uint64_t>& value) {
    if (value) address(key, *value);
  }
  void addresses(const char* key, const std::vector<std::uint64_t>& values) {
    if (values.empty()) return;
    array(key, values, [this](std::uint64_t value) { json_.hex(value, kAddressDigits); });
  }
  void numbers(const char* key, const std::vector<std::uint32_t>& values, std::size_t /*limit*/) {
    array(key, values, [this](std::uint32_t value) { json_.number(std::uint64_t{value}); });
  }
  void registers(const char* key,
                 const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    if (values.empty() || in_crashing_thread_) return;  // there they stand in the first frame
    json_.key(key);
    json_.open('{');
    for (const auto& [name, value] : values) address(name.c_str(), value);
    json_.close('}');
  }
  void index(const char* key, const std::optional<std::size_t>& value) {
    if (value) derived(key, *value);
  }
  void time(const char* key, Timestamp value) {
    if (value != Timestamp{}) text(key, format_utc(value));
  }
  void time(const char* key, const std::optional<Timestamp>& value) {
    if (value) text(key, format_utc(*value));
  }
  void seconds(const char* key, const std::optional<Microseconds>& value) {
    if (!value) return;
    const std::int64_t whole = std::chrono::duration_cast<std::chrono::seconds>(*value).count();
    derived(key, std::max<std::int64_t>(whole, 0));
  }
  template <class T>
  void object(const char* key, const T& value, bool when = true) {
    if (!when) return;
    json_.key(key);
    object_of(value);
  }
  template <class T>
  void object(const char* key, const std::optional<T>& value) {
    if (value) object(key, *value);
  }
  template <class T>
  void list(const char* key,
            const std::vector<T>& values,
            std::size_t /*limit*/,
            bool when = true) {
    if (when) array(key, values, [this](const T& value) { object_of(value); });
  }
  template <class Fields>
  void group(const char* key, const Fields& fields) {
    json_.key(key);
    json_.open('{');
    fields(*this);
    json_.close('}');
  }

  void derived(const char* key, bool value) {
    json_.key(key);
    json_.boolean(value);
  }
  template <std::integral Int>
  void derived(const char* key, Int value) {
    json_.key(key);
    if constexpr (std::unsigned_integral<Int>)
      json_.number(std::uint64_t{value});
    else
      json_.number(std::int64_t{value});
  }
  void derived_address(const char* key, std::uint64_t value) { address(key, value); }
  void derived_file_name(const char* key, const std::string& path) {
    text(key, std::string(windows_file_name(path)));
  }
  void derived_main_module(const char* key, const std::vector<Module>& modules) {
    if (!modules.empty()) derived(key, 0);
  }
  /// When a driver was linked: a dump of a program has too many modules for what that tells.
  void derived_link_time(const char* key, const Module& module) {
    if (!report_.kernel) return;
    const auto stamp = link_stamp_of(module, report_);
    time(key, stamp.time);
    if (stamp.is_hash) derived("stamp_is_hash", true);
  }
  /// The place of an item in its list.
  void derived_position(const char* key) {
    const auto position = position_;
    if (in_crashing_thread_ && position == 0) {
      in_crashing_thread_ = false;
      registers("registers", report_.threads[*crashing_thread_].registers);
      in_crashing_thread_ = true;
    }
    derived(key, position);
  }
  void derived_crashing_index(const char* key) {
    if (crashing_thread_) derived(key, *crashing_thread_);
  }
  /// The crashed thread once more, with the registers in its first frame.
  void derived_crashing_thread(const char* key) {
    if (!crashing_thread_) return;
    json_.key(key);
    json_.open('{');
    in_crashing_thread_ = true;
    describe(*this, report_.threads[*crashing_thread_]);
    in_crashing_thread_ = false;
    derived("threads_index", *crashing_thread_);
    json_.close('}');
  }

  template <class Fields>
  void whole(const Fields& fields) {
    json_.open('{');
    fields(*this);
    json_.close('}');
  }
  template <class T>
  void object_of(const T& value) {
    json_.open('{');
    describe(*this, value);
    json_.close('}');
  }
  [[nodiscard]] std::string take() && { return std::move(json_).take(); }

 private:
  template <class T, class Write>
  void array(const char* key, const std::vector<T>& values, const Write& write) {
    json_.key(key);
    json_.open('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
      position_ = i;
      write(values[i]);
    }
    json_.close(']');
  }

  const Report& report_;
  JsonText json_;
  std::optional<std::size_t> crashing_thread_;
  bool in_crashing_thread_ = false;
  std::size_t position_ = 0;
};

void add_part(Writer& a, const Report& report, const Kernel& kernel, KernelPart part) {
  switch (part) {
    case KernelPart::Bugcheck:
      a.text("synopsis", report.synopsis);
      a.object("bugcheck", kernel.bugcheck);
      a.object("blame", kernel.blame, is_named(kernel.blame));
      a.text("blame_reason", report.blame_reason);
      a.object("request", kernel.request);
      a.object("crash_info", report.crash);
      // Of a machine the first is the one that stopped it.
      if (!report.threads.empty()) a.registers("registers", report.threads.front().registers);
      break;
    case KernelPart::Vm: a.list("counters", kernel.counters, kMaxCounters); break;
    case KernelPart::Processors: a.list("processors", kernel.processors, kMaxProcessors); break;
    case KernelPart::Modules:
      a.list("modules", report.modules, kMaxModules);
      a.list("unloaded_modules", report.unloaded_modules, kMaxModules);
      break;
    case KernelPart::Processes:
      a.flag("processes_are_complete", kernel.processes_are_complete);
      a.list("processes", kernel.processes, kMaxKernelProcesses);
      break;
    case KernelPart::Threads: a.list("threads", kernel.threads, kMaxKernelThreads); break;
    case KernelPart::Peb: a.object("peb", kernel.peb); break;
    case KernelPart::Teb: a.object("teb", kernel.teb); break;
  }
}

}  // namespace

std::string to_json(const Report& report, bool pretty) {
  Writer writer(report, pretty);
  writer.object_of(report);
  return std::move(writer).take();
}

std::string kernel_parts_to_json(const Report& report,
                                 const std::vector<KernelPart>& parts,
                                 bool pretty) {
  Writer writer(report, pretty);
  const Kernel none;
  const auto& kernel = report.kernel ? *report.kernel : none;
  writer.whole([&](Writer& a) {
    a.text("status", report.status);
    for (const auto part : parts) add_part(a, report, kernel, part);
    a.texts("diagnostics", report.diagnostics);
  });
  return std::move(writer).take();
}

}  // namespace vigil::report
