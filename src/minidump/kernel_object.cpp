// SPDX-License-Identifier: Apache-2.0
#include "minidump/kernel_object.h"

namespace vigil::minidump {
namespace {

using snapshot::KernelObject;
using Kind = KernelObject::Kind;

/// Windows writes one or two, of one object at most.
constexpr int kMaxLinks = 8;

/// The system's own structures, which nobody describes as part of the format. They are made of
/// pointers and of 32-bit numbers that take a pointer's room.
class Fields {
 public:
  Fields(ByteView body, std::uint64_t pointer_bytes) : body_(body), width_(pointer_bytes) {}

  /// A 32-bit number that lies \p pointers pointers and \p bytes bytes in.
  [[nodiscard]] std::optional<std::uint32_t> u32(std::uint64_t pointers,
                                                 std::uint64_t bytes = 0) const {
    return get<std::uint32_t>(pointers * width_ + bytes);
  }
  template <Raw T>
  [[nodiscard]] std::optional<T> get(std::uint64_t offset) const {
    const auto value = body_.read<T>(offset);
    return value.ok() ? std::optional<T>(*value) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t width() const noexcept { return width_; }

 private:
  ByteView body_;
  std::uint64_t width_;
};

/// No process has the id 0 that one could open, and no thread: it is said where there is none.
template <class Id>
std::optional<Id> id_of(std::optional<std::uint32_t> raw) {
  return raw && *raw != 0 ? std::optional<Id>(Id{*raw}) : std::nullopt;
}

/// PROCESS_BASIC_INFORMATION: status, PEB, affinity, priority, id, parent; \p start pointers in.
bool read_process(const Fields& fields, std::uint64_t start, KernelObject& object) {
  constexpr std::uint64_t kIdAt = 4;
  object.kind = Kind::Process;
  object.exit_status = fields.u32(start);
  object.process = id_of<ProcessId>(fields.u32(start + kIdAt));
  return object.process.has_value();
}

/// THREAD_BASIC_INFORMATION: status, TEB, ids of process and thread, affinity, priorities.
bool read_thread(const Fields& fields, KernelObject& object) {
  object.kind = Kind::Thread;
  object.exit_status = fields.u32(0);
  object.process = id_of<ProcessId>(fields.u32(2));
  object.thread = id_of<ThreadId>(fields.u32(3));
  return object.thread.has_value();
}

/// MUTANT_BASIC_INFORMATION: count, whether its reader owns it, whether it was abandoned.
bool read_mutant(const Fields& fields, KernelObject& object) {
  constexpr std::uint64_t kAbandonedAt = 5;
  object.kind = Kind::Mutant;
  object.available = fields.get<std::int32_t>(0);
  object.abandoned = fields.get<std::uint8_t>(kAbandonedAt).value_or(0) != 0;
  return object.available.has_value();
}

bool read_mutant_owner(const Fields& fields, KernelObject& object) {
  object.kind = Kind::Mutant;
  const auto process = fields.u32(0), thread = fields.u32(1);
  object.process = id_of<ProcessId>(process);
  object.thread = id_of<ThreadId>(thread);
  return thread.has_value();
}

/// EVENT_BASIC_INFORMATION: 0 stays signaled until it is reset, 1 wakes one; and its state.
bool read_event(const Fields& fields, KernelObject& object) {
  const auto type = fields.u32(0), state = fields.u32(0, sizeof(std::uint32_t));
  object.kind = Kind::Event;
  if (type) object.manual_reset = *type == 0;
  if (state) object.signaled = *state != 0;
  return state.has_value();
}

/// SECTION_BASIC_INFORMATION: base, attributes, size in 64 bits.
bool read_section(const Fields& fields, KernelObject& object) {
  object.kind = Kind::Section;
  object.size = fields.get<std::uint64_t>(2 * fields.width());
  return object.size.has_value();
}

bool read_semaphore(const Fields& fields, KernelObject& object) {
  object.kind = Kind::Semaphore;
  object.available = fields.get<std::int32_t>(0);
  object.maximum = fields.u32(0, sizeof(std::int32_t));
  return object.maximum.has_value();
}

/// False where the body is too short for its type. Types of later systems are passed over.
bool read_body(std::uint32_t type, const Fields& fields, KernelObject& object) {
  switch (type) {
    case format::kThreadInformation1: return read_thread(fields, object);
    case format::kMutantInformation1: return read_mutant(fields, object);
    case format::kMutantInformation2: return read_mutant_owner(fields, object);
    case format::kProcessInformation1: return read_process(fields, 0, object);
    case format::kProcessInformation2: return read_process(fields, 1, object);
    case format::kEventInformation1: return read_event(fields, object);
    case format::kSectionInformation1: return read_section(fields, object);
    case format::kSemaphoreInformation1: return read_semaphore(fields, object);
    default: return true;
  }
}

}  // namespace

Status read_kernel_object(Reader& reader, std::uint64_t rva, KernelObject& object) {
  const bool narrow = reader.cpu() == snapshot::Cpu::X86 || reader.cpu() == snapshot::Cpu::Arm;
  const std::uint64_t width = narrow ? 4 : 8;
  for (int link = 0; rva != 0 && link < kMaxLinks; ++link) {
    VIGIL_TRY_ASSIGN(const auto bytes,
                     reader.file().view(rva, sizeof(format::HandleObjectInformation)));
    const auto head = *bytes.read<format::HandleObjectInformation>(0);
    const auto body = reader.file().clamp(rva + sizeof(head), head.size_of_info);
    if (!read_body(head.info_type, Fields(body, width), object)) {
      return Error{Errc::Truncated,
                   fmt::format("information of type {} has {} bytes", head.info_type, body.size())};
    }
    rva = head.next_info_rva;
  }
  if (rva == 0) return {};
  return Error{Errc::LimitExceeded, fmt::format("more than {} links", kMaxLinks)};
}

}  // namespace vigil::minidump
