// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "report/report.h"

/// The keys of the JSON form's part on a whole machine: see fields.h, which includes this.
namespace vigil::report {

template <class T, class Value>
concept OfKernel = std::same_as<std::remove_const_t<T>, Value>;

template <class Archive>
void describe(Archive& a, OfKernel<BugcheckParameter> auto& parameter) {
  a.address("value", parameter.value);
  a.text("meaning", parameter.meaning);
}

template <class Archive>
void describe(Archive& a, OfKernel<Bugcheck> auto& bugcheck) {
  a.code("code", bugcheck.code);
  a.text("name", bugcheck.name);
  a.text("meaning", bugcheck.meaning);
  a.list("parameters", bugcheck.parameters, kMaxTexts);
  a.text("fault_source", bugcheck.fault_source);
  a.address("fault_frame", bugcheck.fault_frame, bugcheck.fault_frame != 0);
}

/// Whether there is somebody.
inline bool is_named(const KernelBlame& blame) {
  return !blame.module.empty() || !blame.process.empty();
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelBlame> auto& blame) {
  a.text("module", blame.module);
  a.text("process", blame.process);
  a.flag("probable", blame.probable);
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelProcessor> auto& processor) {
  a.number("number", processor.number);
  a.flag("stopped_machine", processor.stopped_machine);
  a.flag("idle", processor.idle);
  a.address("prcb", processor.prcb, processor.prcb != 0);
  a.address("current_thread", processor.current_thread);
  a.address("next_thread", processor.next_thread);
  a.address("idle_thread", processor.idle_thread);
  a.number("pid", processor.pid);
  a.number("thread_id", processor.thread_id);
  a.text("image", processor.image);
  a.number("mhz", processor.mhz);
  a.text("vendor", processor.vendor);
  a.number("family", processor.family);
  a.number("model", processor.model);
  a.number("stepping", processor.stepping);
  a.number("irql", processor.irql);
  a.text("irql_source", processor.irql_source);
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelProcess> auto& process) {
  a.address("address", process.address);
  a.number("pid", process.pid);
  a.number("parent_pid", process.parent);
  a.text("image", process.image);
  a.number("threads", process.threads);
  a.number("session", process.session);
  a.time("create_time", process.create_time);
  a.time("exit_time", process.exit_time);
  a.code("exit_status", process.exit_status);
  a.address("peb", process.peb);
  a.address("directory_table", process.directory_table);
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelThread> auto& thread) {
  a.address("address", thread.address);
  a.number("pid", thread.pid);
  a.number("thread_id", thread.thread_id);
  a.text("image", thread.image);
  a.text("state", thread.state);
  a.text("wait_reason", thread.wait_reason);
  a.number("priority", thread.priority);
  a.number("processor", thread.processor);
  a.number("context_switches", thread.context_switches);
  a.number("wait_ticks", thread.wait_ticks);
  a.address("teb", thread.teb);
  a.address("start_address", thread.start_address);
  a.address("kernel_stack", thread.kernel_stack);
  a.address("stack_base", thread.stack_base);
  a.address("stack_limit", thread.stack_limit);
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelCounter> auto& counter) {
  a.text("name", counter.name);
  a.number("bytes", counter.bytes);
  a.number("count", counter.count);
  a.text("source", counter.source);
}

template <class Archive>
void describe(Archive& a, OfKernel<UserModule> auto& module) {
  a.address("base_addr", module.base);
  a.number("size", module.size);
  a.code("link_stamp", module.stamp);
  a.text("path", module.path);
}

template <class Archive>
void describe(Archive& a, OfKernel<ListEnds> auto& list) {
  a.address("first", list.first);
  a.address("last", list.last);
}

template <class Archive>
void describe(Archive& a, OfKernel<ProcessEnvironment> auto& peb) {
  a.address("address", peb.address);
  a.flag("inherited_address_space", peb.inherited_address_space);
  a.flag("read_image_file_exec_options", peb.read_image_options);
  a.flag("being_debugged", peb.being_debugged);
  a.address("image_base", peb.image_base);
  a.address("loader_data", peb.loader_data);
  a.flag("loader_initialized", peb.loader_initialized);
  a.object("in_load_order", peb.load_order);
  a.object("in_memory_order", peb.memory_order);
  a.object("in_initialization_order", peb.initialization_order);
  a.address("process_parameters", peb.parameters);
  a.address("subsystem_data", peb.subsystem_data);
  a.address("process_heap", peb.heap);
  a.number("global_flags", peb.global_flags);
  a.number("session", peb.session);
  a.number("processors", peb.processors);
  a.text("image_path", peb.image_path);
  a.text("command_line", peb.command_line);
  a.text("current_directory", peb.current_directory);
  a.text("window_title", peb.window_title);
  a.text("desktop", peb.desktop);
  a.text("dll_path", peb.dll_path);
  a.texts("texts_not_in_dump", peb.lost_texts);
  a.list("modules", peb.modules, kMaxUserModules, !peb.modules.empty());
}

template <class Archive>
void describe(Archive& a, OfKernel<ThreadEnvironment> auto& teb) {
  a.address("address", teb.address);
  a.address("exception_list", teb.exception_list);
  a.address("stack_base", teb.stack_base);
  a.address("stack_limit", teb.stack_limit);
  a.address("subsystem_tib", teb.subsystem_tib);
  a.address("fiber_data", teb.fiber_data);
  a.address("arbitrary_user_pointer", teb.arbitrary_user_pointer);
  a.address("self", teb.self);
  a.address("environment_pointer", teb.environment_pointer);
  a.address("rpc_handle", teb.rpc_handle);
  a.address("tls", teb.tls);
  a.address("peb", teb.peb);
  a.number("pid", teb.pid);
  a.number("thread_id", teb.thread_id);
  a.number("last_error", teb.last_error);
  a.code("last_status", teb.last_status);
  a.number("owned_critical_sections", teb.owned_critical_sections);
  a.number("hard_error_mode", teb.hard_error_mode);
}

template <class Archive>
void describe(Archive& a, OfKernel<KernelRequest> auto& request) {
  a.address("address", request.address);
  a.address("device", request.device);
  a.address("driver_object", request.driver_object);
  a.text("driver", request.driver);
  a.number("major_function", request.major_function);
  a.number("minor_function", request.minor_function);
}

template <class Archive>
void describe(Archive& a, OfKernel<Kernel> auto& kernel) {
  a.object("bugcheck", kernel.bugcheck);
  a.object("blame", kernel.blame, is_named(kernel.blame));
  a.text("dump_type", kernel.dump_type);
  a.texts("attributes", kernel.attributes);
  a.flag("live", kernel.live);
  a.flag("checked_build", kernel.checked_build);
  a.text("writer", kernel.writer);
  a.text("translation", kernel.translation);
  a.text("offsets", kernel.offsets);
  a.seconds("uptime", kernel.uptime);
  a.time("boot_time", kernel.boot_time);
  a.address("directory_table", kernel.directory_table, kernel.directory_table != 0);
  a.address("kernel_base", kernel.kernel_base, kernel.kernel_base != 0);
  a.address("debugger_data", kernel.debugger_data, kernel.debugger_data != 0);
  a.number("present_pages", kernel.present_pages);
  a.number("missing_bytes", kernel.missing_bytes, kernel.missing_bytes != 0);
  a.flag("low_memory", kernel.low_memory);
  a.list("processors", kernel.processors, kMaxProcessors);
  a.flag("processes_are_complete", kernel.processes_are_complete);
  a.list("processes", kernel.processes, kMaxKernelProcesses);
  a.list("threads", kernel.threads, kMaxKernelThreads);
  a.list("counters", kernel.counters, kMaxCounters);
  a.object("peb", kernel.peb);
  a.object("teb", kernel.teb);
  a.object("request", kernel.request);
}

}  // namespace vigil::report
