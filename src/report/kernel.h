// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

/// What a report has of a dump of a whole machine beyond what every report has.
namespace vigil::report {

inline constexpr std::size_t kMaxProcessors = 4096;
inline constexpr std::size_t kMaxKernelProcesses = 8192;
inline constexpr std::size_t kMaxKernelThreads = 12'288;
inline constexpr std::size_t kMaxCounters = 64;
inline constexpr std::size_t kMaxUserModules = 1024;

struct BugcheckParameter {
  std::uint64_t value = 0;
  std::string meaning{};  ///< Empty: not known.
  friend bool operator==(const BugcheckParameter&, const BugcheckParameter&) = default;
};

struct Bugcheck {
  std::uint32_t code = 0;  ///< As the dump has it.
  std::string name{};      ///< DRIVER_IRQL_NOT_LESS_OR_EQUAL
  std::string meaning{};
  std::vector<BugcheckParameter> parameters{};
  std::string fault_source{};     ///< context_record, trap_frame, found_frame; empty: none.
  std::uint64_t fault_frame = 0;  ///< Where those registers lie; 0: in the header.
  friend bool operator==(const Bugcheck&, const Bugcheck&) = default;
};

/// Who is to blame for a bugcheck; the report has the reason.
struct KernelBlame {
  std::string module{};   ///< File name; empty: no driver.
  std::string process{};  ///< Image; empty: no process.
  bool probable = false;  ///< By what was found lying on the stack.
  friend bool operator==(const KernelBlame&, const KernelBlame&) = default;
};

struct KernelProcessor {
  std::uint32_t number = 0;
  bool stopped_machine = false;
  bool idle = false;
  std::uint64_t prcb = 0;
  std::optional<std::uint64_t> current_thread{}, idle_thread{}, next_thread{};
  std::optional<std::uint32_t> pid{}, thread_id{};
  std::string image{};  ///< Of the process that it ran.
  std::optional<std::uint32_t> mhz{};
  std::string vendor{};
  std::optional<std::uint16_t> family{}, model{}, stepping{};
  std::optional<std::uint8_t> irql{};
  std::string irql_source{};
  friend bool operator==(const KernelProcessor&, const KernelProcessor&) = default;
};

struct KernelProcess {
  std::uint64_t address = 0;  ///< Of its EPROCESS.
  std::optional<std::uint32_t> pid{}, parent{};
  std::string image{};
  std::optional<std::uint32_t> threads{}, session{}, exit_status{};
  std::optional<Timestamp> create_time{}, exit_time{};
  std::optional<std::uint64_t> peb{}, directory_table{};
  friend bool operator==(const KernelProcess&, const KernelProcess&) = default;
};

struct KernelThread {
  std::uint64_t address = 0;  ///< Of its ETHREAD.
  std::optional<std::uint32_t> pid{}, thread_id{};
  std::string image{};
  std::string state{}, wait_reason{};
  std::optional<std::uint32_t> priority{}, context_switches{}, processor{}, wait_ticks{};
  std::optional<std::uint64_t> teb{}, start_address{}, kernel_stack{}, stack_base{}, stack_limit{};
  friend bool operator==(const KernelThread&, const KernelThread&) = default;
};

/// A figure of the machine's memory; without a value it is not in this dump.
struct KernelCounter {
  std::string name{};  ///< commit_limit
  std::optional<std::uint64_t> bytes{}, count{};
  std::string source{};
  friend bool operator==(const KernelCounter&, const KernelCounter&) = default;
};

struct UserModule {
  std::uint64_t base = 0, size = 0;
  std::optional<std::uint32_t> stamp{};  ///< Of the image's header.
  std::string path{};
  friend bool operator==(const UserModule&, const UserModule&) = default;
};

/// The first and the last entry of a list.
struct ListEnds {
  std::uint64_t first = 0, last = 0;
  friend bool operator==(const ListEnds&, const ListEnds&) = default;
};

struct ProcessEnvironment {
  std::uint64_t address = 0;
  std::optional<bool> inherited_address_space{}, read_image_options{}, being_debugged{};
  std::optional<std::uint64_t> image_base{}, loader_data{}, parameters{}, subsystem_data{}, heap{};
  std::optional<bool> loader_initialized{};
  std::optional<ListEnds> load_order{}, memory_order{}, initialization_order{};
  std::optional<std::uint32_t> global_flags{}, session{}, processors{};
  std::string image_path{}, command_line{}, current_directory{}, window_title{}, desktop{},
      dll_path{};
  /// Of these texts those that are not in the dump, by name: `command_line`.
  std::vector<std::string> lost_texts{};
  std::vector<UserModule> modules{};
  friend bool operator==(const ProcessEnvironment&, const ProcessEnvironment&) = default;
};

struct ThreadEnvironment {
  std::uint64_t address = 0;
  std::optional<std::uint64_t> exception_list{}, stack_base{}, stack_limit{}, subsystem_tib{};
  std::optional<std::uint64_t> fiber_data{}, arbitrary_user_pointer{}, self{};
  std::optional<std::uint64_t> environment_pointer{}, rpc_handle{}, tls{}, peb{};
  std::optional<std::uint64_t> pid{}, thread_id{};
  std::optional<std::uint32_t> last_error{}, last_status{}, owned_critical_sections{};
  std::optional<std::uint32_t> hard_error_mode{};
  friend bool operator==(const ThreadEnvironment&, const ThreadEnvironment&) = default;
};

/// The request (IRP) that a bugcheck names.
struct KernelRequest {
  std::uint64_t address = 0, device = 0, driver_object = 0;
  std::string driver{};
  std::optional<std::uint32_t> major_function{}, minor_function{};
  friend bool operator==(const KernelRequest&, const KernelRequest&) = default;
};

struct Kernel {
  Bugcheck bugcheck{};
  KernelBlame blame{};
  std::string dump_type{};  ///< automatic, kernel, full, triage, …
  std::vector<std::string> attributes{};
  bool live = false;           ///< The machine went on.
  bool checked_build = false;  ///< Of the kernel: one that checks itself.
  std::string writer{};        ///< Of a triage dump: classic, kernel.
  std::string translation{};   ///< How addresses were translated; empty: they were not.
  std::string offsets{};       ///< How the kernel's structures were read; empty: they were not.
  std::optional<Microseconds> uptime{};
  std::optional<Timestamp> boot_time{};
  std::uint64_t directory_table = 0, kernel_base = 0, debugger_data = 0;
  std::optional<std::uint64_t> present_pages{};
  std::uint64_t missing_bytes = 0;
  bool low_memory = false;  ///< The machine had next to none left.
  std::vector<KernelProcessor> processors{};
  std::vector<KernelProcess> processes{};
  bool processes_are_complete = false;
  std::vector<KernelThread> threads{};
  std::vector<KernelCounter> counters{};
  std::optional<ProcessEnvironment> peb{};
  std::optional<ThreadEnvironment> teb{};
  std::optional<KernelRequest> request{};
  friend bool operator==(const Kernel&, const Kernel&) = default;
};

}  // namespace vigil::report
