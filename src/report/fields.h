// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "report/fields_kernel.h"
#include "report/report.h"

/// The keys of the JSON form, once for both directions: an archive is either the writer of
/// to_json.cpp or the reader of from_json.cpp. `derived` keys repeat what others say, for those who
/// know rust-minidump's schema; they are written and not read.
namespace vigil::report {

template <class T, class Value>
concept Of = std::same_as<std::remove_const_t<T>, Value>;

template <class Archive>
void describe(Archive& a, Of<Frame> auto& frame) {
  a.address("offset", frame.instruction);
  a.text("module", frame.module);
  a.address("module_offset", frame.module_offset, !frame.module.empty());
  a.text("function", frame.function);
  a.address("function_offset", frame.function_offset, !frame.function.empty());
  a.text("file", frame.file);
  a.number("line", frame.line, frame.line != 0);
  a.text("trust", frame.trust);
  a.text("symbol_source", frame.symbol_source);
  a.derived_position("frame");
}

template <class Archive>
void describe(Archive& a, Of<Movement> auto& movement) {
  a.text("stack", movement.stack);
  a.number("samples", movement.samples);
  a.number("cpu_ms", movement.cpu_ms);
}

template <class Archive>
void describe(Archive& a, Of<Thread> auto& thread) {
  a.number("thread_id", thread.thread_id, thread.thread_id != 0);
  a.text("thread_name", thread.name);
  a.text("stop_reason", thread.stop_reason);
  a.object("movement", thread.movement);
  a.registers("registers", thread.registers);
  a.derived("frame_count", thread.frames.size());
  a.list("frames", thread.frames, kMaxFramesPerThread);
}

template <class Archive>
void describe(Archive& a, Of<Module> auto& module) {
  a.address("base_addr", module.base);
  a.derived_address("end_addr", module.base + module.size);
  a.number("size", module.size);
  a.derived_file_name("filename", module.path);
  a.text("path", module.path);
  a.text("version", module.version);
  a.text("code_id", module.code_id);
  a.derived_link_time("time_stamp", module);
  a.text("debug_file", module.debug_file);
  a.text("debug_id", module.debug_id);
  a.text("symbols", module.symbols);
  a.flag("third_party", module.third_party);
  a.flag("reproducible_build", module.reproducible);
  a.derived("loaded_symbols", !module.symbols.empty() && module.symbols != "none");
}

template <class Archive>
void describe(Archive& a, Of<UnloadedModule> auto& module) {
  a.address("base_addr", module.base);
  a.derived_address("end_addr", module.base + module.size);
  a.number("size", module.size);
  a.text("filename", module.name);
}

template <class Archive>
void describe(Archive& a, Of<MemoryAccess> auto& access) {
  a.address("address", access.address);
  a.number("size", access.size);
  a.text("access_type", access.access);
}

template <class Archive>
void describe(Archive& a, Of<AdjustedAddress> auto& adjusted) {
  a.text("kind", adjusted.kind);
  a.address("address", adjusted.address);
  a.address("offset", adjusted.offset);
}

template <class Archive>
void describe(Archive& a, Of<Samples> auto& samples) {
  a.number("count", samples.count);
  a.number("span_ms", samples.span_ms);
  a.number("threads_same", samples.same);
  a.number("threads_innermost", samples.innermost);
  a.number("threads_changed", samples.changed);
  a.number("threads_unknown", samples.unknown);
  a.number("threads_ended", samples.ended);
  a.number("threads_started", samples.started);
}

template <class Archive>
void describe(Archive& a, Of<Lock> auto& lock) {
  a.address("address", lock.address);
  a.text("kind", lock.kind);
  a.text("name", lock.name);
  a.number("owner", lock.owner, lock.owner != 0);
  a.number("recursion", lock.recursion);
  a.numbers("waiters", lock.waiters, kMaxThreads);
}

template <class Archive>
void describe(Archive& a, Of<Deadlock> auto& deadlock) {
  a.numbers("threads", deadlock.threads, kMaxThreads);
  a.addresses("locks", deadlock.locks);
}

template <class Archive>
void describe(Archive& a, Of<Crash> auto& crash) {
  a.text("kind", crash.kind);
  a.text("type", crash.name);
  a.code("code", crash.code);
  a.code("exit_code", crash.exit_code);
  a.text("meaning", crash.meaning);
  a.derived_address("address", crash.accessed_address.value_or(crash.address));
  a.address("instruction_address", crash.address);
  a.address("accessed_address", crash.accessed_address);
  a.text("access", crash.access);
  a.number("thread_id", crash.thread_id, crash.thread_id != 0);
  a.addresses("parameters", crash.parameters);
  a.texts("decoded", crash.decoded);
  a.text("instruction", crash.instruction);
  a.text("instruction_bytes", crash.instruction_bytes);
  a.list("memory_accesses", crash.memory_accesses, kMaxTexts, !crash.memory_accesses.empty());
  a.object("adjusted_address", crash.adjusted_address);
  a.derived_crashing_index("crashing_thread");
}

template <class Archive>
void describe(Archive& a, Of<System> auto& system) {
  a.text("os", system.os);
  a.text("os_ver", system.os_version);
  a.text("cpu_arch", system.cpu);
  a.text("cpu_info", system.cpu_info);
  a.number("cpu_count", system.cpu_count, system.cpu_count != 0);
  a.number("cpu_mhz", system.cpu_mhz, system.cpu_mhz != 0);
  a.number("cpu_current_mhz", system.cpu_current_mhz, system.cpu_current_mhz != 0);
  a.text("os_product", system.os_product);
  a.text("os_role", system.os_role);
  a.texts("os_suites", system.os_suites);
  a.text("os_build", system.os_build);
  a.text("cpu_model_name", system.cpu_model_name);
  a.text("cpu_microcode_version", system.cpu_microcode);
  a.texts("cpu_features", system.cpu_features);
  a.text("time_zone", system.time_zone);
}

/// The keys of "process"; what rust-minidump has of a process stands in the report itself.
template <class Archive>
void describe(Archive& a, Of<Process> auto& process) {
  a.text("integrity", process.integrity);
  a.flag("protected", process.is_protected);
  a.flag("wow64", process.wow64);
  a.seconds("user_time", process.user_time);
  a.seconds("kernel_time", process.kernel_time);
  auto& memory = process.memory;
  a.number("page_faults", memory.page_faults);
  a.number("working_set_bytes", memory.working_set);
  a.number("peak_working_set_bytes", memory.peak_working_set);
  a.number("private_working_set_bytes", memory.private_working_set);
  a.number("private_usage_bytes", memory.private_usage);
  a.number("pagefile_bytes", memory.pagefile);
  a.number("peak_pagefile_bytes", memory.peak_pagefile);
  a.number("virtual_bytes", memory.virtual_size);
  a.number("peak_virtual_bytes", memory.peak_virtual_size);
  a.number("paged_pool_bytes", memory.paged_pool);
  a.number("non_paged_pool_bytes", memory.non_paged_pool);
  a.number("shared_commit_bytes", memory.shared_commit);
  a.number("job_commit_bytes", memory.job_commit);
  a.number("job_peak_commit_bytes", memory.job_peak_commit);
  a.number("job_commit_limit_bytes", memory.job_commit_limit);
}

template <class Archive>
void describe(Archive& a, Of<HandleCount> auto& type) {
  a.text("type_name", type.type);
  a.number("count", type.count);
}

template <class Archive>
void describe(Archive& a, Of<HandleSummary> auto& handles) {
  a.number("count", handles.count);
  a.list("types", handles.types, kMaxHandles);
  a.number("operations", handles.operations, handles.operations != 0);
}

template <class Archive>
void describe(Archive& a, Of<HeldObject> auto& object) {
  a.number("handle", object.handle);
  a.text("type_name", object.type);
  a.text("object_name", object.name);
  a.number("owner_process_id", object.owner_process, object.owner_process != 0);
  a.number("owner_thread_id", object.owner_thread, object.owner_thread != 0);
  a.flag("abandoned", object.abandoned);
}

template <class Archive>
void describe(Archive& a, Of<Annotation> auto& annotation) {
  a.text("name", annotation.name);
  a.text("value", annotation.value);
}

template <class Archive>
void describe(Archive& a, Of<AnnotatedModule> auto& module) {
  a.text("module", module.module);
  a.texts("texts", module.texts);
  a.list("annotations", module.annotations, kMaxAnnotations);
}

template <class Archive>
void describe(Archive& a, Of<Crashpad> auto& crashpad) {
  a.text("report_id", crashpad.report_id);
  a.text("client_id", crashpad.client_id);
  a.list("annotations", crashpad.annotations, kMaxAnnotations);
  a.list("modules", crashpad.modules, kMaxAnnotations);
}

template <class Archive>
void describe(Archive& a, Of<Assertion> auto& assertion) {
  a.text("kind", assertion.kind);
  a.text("expression", assertion.expression);
  a.text("function", assertion.function);
  a.text("file", assertion.file);
  a.number("line", assertion.line, assertion.line != 0);
}

template <class Archive>
void describe(Archive& a, Of<MemorySummary> auto& memory) {
  a.number("captured_bytes", memory.captured_bytes);
  a.number("regions", memory.regions, memory.regions != 0);
  const bool map = memory.regions != 0;
  a.number("committed_bytes", memory.committed_bytes, map);
  a.number("reserved_bytes", memory.reserved_bytes, map);
  a.number("image_bytes", memory.image_bytes, map);
  a.number("mapped_bytes", memory.mapped_bytes, map);
  a.number("private_bytes", memory.private_bytes, map);
  a.number("physical_total_bytes", memory.physical_total);
  a.number("physical_available_bytes", memory.physical_available);
  a.number("file_cache_bytes", memory.file_cache);
  a.number("system_commit_bytes", memory.system_commit);
  a.number("system_commit_limit_bytes", memory.system_commit_limit);
  a.number("system_peak_commit_bytes", memory.system_peak_commit);
}

template <class Archive>
void describe(Archive& a, Of<FlightRecord> auto& record) {
  a.numbers("ms_before", record.ms_before, kMaxSamples);
  a.numbers("cpu_ppm", record.cpu_ppm, kMaxSamples);
  a.numbers("private_kib", record.private_kib, kMaxSamples);
  a.numbers("working_set_kib", record.working_set_kib, kMaxSamples);
  a.numbers("io_kib_per_second", record.io_kib_per_second, kMaxSamples);
  a.numbers("handles", record.handles, kMaxSamples);
  a.numbers("threads", record.threads, kMaxSamples);
}

template <class Archive>
void describe(Archive& a, Of<BusyThread> auto& thread) {
  a.number("thread_id", thread.thread_id);
  a.number("cpu_ppm", thread.cpu_ppm);
}

template <class Archive>
void describe(Archive& a, Of<BusyProcess> auto& process) {
  a.number("pid", process.pid);
  a.text("process_name", process.name);
  a.number("cpu_ppm", process.cpu_ppm);
  a.number("private_bytes", process.private_bytes);
}

template <class Archive>
void describe(Archive& a, Of<TroubledService> auto& service) {
  a.text("name", service.name);
  a.text("state", service.state);
  a.number("exit_code", service.exit_code, service.exit_code != 0);
}

template <class Archive>
void describe(Archive& a, Of<LogEntry> auto& entry) {
  a.time("time", entry.at);
  a.text("level", entry.level);
  a.text("channel", entry.channel);
  a.text("provider", entry.provider);
  a.number("event_id", entry.event_id);
  a.text("text", entry.text);
}

template <class Archive>
void describe(Archive& a, Of<Circumstances> auto& circumstances) {
  a.time("time", circumstances.at);
  a.number("processors", circumstances.processors, circumstances.processors != 0);
  a.number("physical_total_bytes", circumstances.physical_total);
  a.number("physical_available_bytes", circumstances.physical_available);
  a.number("commit_bytes", circumstances.commit_total);
  a.number("commit_limit_bytes", circumstances.commit_limit);
  a.number("disk_free_bytes", circumstances.disk_free);
  a.object("flight_recorder", circumstances.record, !circumstances.record.ms_before.empty());
  a.list("busiest_threads", circumstances.threads, kMaxBusy, !circumstances.threads.empty());
  a.list("busiest_processes", circumstances.processes, kMaxBusy, !circumstances.processes.empty());
  a.list("troubled_services", circumstances.services, kMaxBusy, !circumstances.services.empty());
  a.list("log", circumstances.log, kMaxLogEntries, !circumstances.log.empty());
}

template <class Archive>
void describe(Archive& a, Of<Signature> auto& signature) {
  a.text("text", signature.text);
  a.text("strict", signature.strict);
  a.text("wer_bucket", signature.wer_bucket);
  a.number("version", signature.version);
}

template <class Archive>
void describe(Archive& a, Of<Report> auto& report) {
  a.number("schema_version", report.schema_version);
  a.text("analyzer", report.analyzer);
  a.text("status", report.status);
  a.text("synopsis", report.synopsis);
  a.object("signature", report.signature, !report.signature.text.empty());
  a.group("dump", [&report](auto& dump) {
    dump.text("format", report.dump_format);
    dump.number("bytes", report.dump_bytes);
    dump.time("time", report.dump_time);
    dump.text("comment", report.comment);
    dump.texts("streams", report.streams);
  });
  a.number("pid", report.process.pid, report.process.pid != 0);
  a.text("process_name", report.process.name);
  a.time("process_create_time", report.process.create_time);
  a.seconds("process_uptime", report.process.uptime);
  a.object("process", report.process);
  a.object("system_info", report.system);
  a.object("crash_info", report.crash);
  a.index("blamed_thread", report.blamed_thread);
  a.index("blamed_frame", report.blamed_frame);
  a.text("blame_reason", report.blame_reason);
  a.list("locks", report.locks, kMaxLocks, !report.locks.empty());
  a.list("deadlocks", report.deadlocks, kMaxLocks, !report.deadlocks.empty());
  a.object("samples", report.samples);
  a.derived_crashing_thread("crashing_thread");
  a.derived("thread_count", report.threads.size());
  a.list("threads", report.threads, kMaxThreads);
  a.derived_main_module("main_module", report.modules);
  a.list("modules", report.modules, kMaxModules);
  a.list("unloaded_modules", report.unloaded_modules, kMaxModules);
  a.object("memory", report.memory);
  a.object("handle_summary", report.handle_summary);
  a.list("handles", report.handles, kMaxHandles);
  a.object("crashpad", report.crashpad);
  a.object("assertion", report.assertion);
  a.object("circumstances", report.circumstances);
  a.object("kernel", report.kernel);
  a.texts("diagnostics", report.diagnostics);
}

}  // namespace vigil::report
