// SPDX-License-Identifier: Apache-2.0
#include "pdb/msf.h"

#include <bit>

#include <fmt/format.h>

#include "pdb/format.h"

namespace vigil::pdb {
namespace {

constexpr std::uint64_t kMinBlockBytes = 512;
constexpr std::uint64_t kMaxBlockBytes = 65'536;
/// Streams are named by 16 bits. Those behind are nobody's.
constexpr std::uint64_t kMaxStreams = 65'536;
/// How much a reader looks ahead for blocks that follow each other: the more, the more it has read.
constexpr std::uint64_t kMinWindowBytes = 1 << 10;
constexpr std::uint64_t kMaxWindowBytes = 1 << 20;
constexpr std::uint64_t kValueBytes = sizeof(std::uint32_t);

void copy_bytes(ByteView from, std::span<std::byte> to) {
  std::copy(from.bytes().begin(), from.bytes().end(), to.begin());
}

Status check_magic(ByteSource& file) {
  const auto start = file.clamp(0, format::kMsf7Magic.size() + sizeof(format::SuperBlock)).text();
  if (start.starts_with(format::kPortableMagic)) {
    return Error{Errc::Unsupported, "a portable PDB, which is for .NET only"};
  }
  if (start.starts_with(format::kMsf2Magic.substr(0, start.size())) && start.size() >= 32) {
    return Error{Errc::Unsupported, "a PDB 2.00, as Visual C++ 6 and older write it"};
  }
  if (!start.starts_with(format::kMsf7Magic)) {
    return Error{Errc::Malformed, "does not start as a PDB 7.00 does"};
  }
  return {};
}

}  // namespace

Result<Msf> Msf::open(ByteSource& file) {
  Msf msf(file);
  VIGIL_TRY(check_magic(file));
  VIGIL_TRY(msf.read_header());
  if (auto read = msf.read_directory_blocks(); !read.ok()) {
    return std::move(read).take_error().with_context("directory");
  }
  VIGIL_TRY(msf.read_stream_sizes());
  return msf;
}

Status Msf::read_header() {
  VIGIL_TRY_ASSIGN(const ByteView bytes,
                   file_->view(format::kMsf7Magic.size(), sizeof(format::SuperBlock)));
  VIGIL_TRY_ASSIGN(const auto super, bytes.read<format::SuperBlock>(0));
  if (super.block_size < kMinBlockBytes || super.block_size > kMaxBlockBytes ||
      !std::has_single_bit(super.block_size)) {
    return Error{Errc::Malformed, fmt::format("blocks of {} bytes, which is no power of two from "
                                              "{} to {}",
                                              super.block_size, kMinBlockBytes, kMaxBlockBytes)};
  }
  block_size_ = super.block_size;
  directory_size_ = super.directory_size;
  if (directory_size_ > file_->size()) {
    return Error{Errc::Truncated, fmt::format("a directory of {} bytes in a file of {}",
                                              directory_size_, file_->size())};
  }
  return {};
}

/// Three levels: the header names blocks of numbers of the blocks of the directory.
Status Msf::read_directory_blocks() {
  const std::uint64_t count = blocks_of(directory_size_);
  const std::uint64_t lists = blocks_of(count * kValueBytes);
  const std::uint64_t in_header = format::kMsf7Magic.size() + sizeof(format::SuperBlock);
  if (lists > (block_size_ - in_header) / kValueBytes) {
    return Error{Errc::Malformed, fmt::format("a directory of {} bytes is too large for blocks of "
                                              "{}",
                                              directory_size_, block_size_)};
  }
  directory_blocks_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t list = 0; list < lists; ++list) {
    VIGIL_TRY_ASSIGN(const ByteView entry,
                     file_->view(in_header + list * kValueBytes, kValueBytes));
    VIGIL_TRY_ASSIGN(const auto block, entry.read<std::uint32_t>(0));
    const auto left = std::min(count - directory_blocks_.size(), block_size_ / kValueBytes);
    VIGIL_TRY_ASSIGN(const ByteView numbers, in_block(block, 0, left * kValueBytes));
    VIGIL_TRY_ASSIGN(const auto values, numbers.read_array<std::uint32_t>(0, left));
    for (std::uint64_t i = 0; i < left; ++i) directory_blocks_.push_back(values[i]);
  }
  return {};
}

Status Msf::read_stream_sizes() {
  VIGIL_TRY_ASSIGN(const std::uint64_t count, directory_value(0));
  if (count > (directory_size_ - kValueBytes) / kValueBytes) {
    return Error{Errc::Truncated, fmt::format("{} streams do not fit in a directory of {} bytes",
                                              count, directory_size_)};
  }
  block_lists_ = (1 + count) * kValueBytes;
  const std::uint64_t named = std::min(count, kMaxStreams);
  streams_.reserve(static_cast<std::size_t>(named));
  std::uint64_t blocks = 0;
  for (std::uint64_t i = 0; i < named; ++i) {
    VIGIL_TRY_ASSIGN(auto size, directory_value((1 + i) * kValueBytes));
    if (size == format::kNilStreamSize) size = 0;
    streams_.push_back({.size = size, .first_block = blocks});
    blocks += blocks_of(size);
  }
  return {};
}

Result<std::uint32_t> Msf::directory_value(std::uint64_t offset) const {
  const std::uint64_t index = offset / block_size_;
  if (offset >= directory_size_ || directory_size_ - offset < kValueBytes ||
      index >= directory_blocks_.size()) {
    return Error{Errc::Truncated, fmt::format("the directory of {} bytes ends before offset {:#x}",
                                              directory_size_, offset)};
  }
  VIGIL_TRY_ASSIGN(const ByteView value,
                   in_block(directory_blocks_[static_cast<std::size_t>(index)],
                            offset % block_size_, kValueBytes));
  return value.read<std::uint32_t>(0);
}

Stream Msf::stream(std::uint32_t index) const noexcept {
  Stream stream;
  // Blocks belong to one stream each, so none is larger than the file.
  if (index >= streams_.size() || streams_[index].size > file_->size()) return stream;
  stream.msf_ = this;
  stream.first_block_ = streams_[index].first_block;
  stream.end_ = streams_[index].size;
  return stream;
}

Error Stream::truncated(std::uint64_t offset, std::uint64_t size) const {
  return Error{Errc::Truncated, fmt::format("needs {} bytes at offset {:#x} of a stream that has "
                                            "{} in all",
                                            size, offset, this->size())};
}

Result<ByteView> Stream::run(std::uint64_t offset, std::uint64_t limit) const {
  if (offset >= size() || limit == 0) return truncated(offset, 1);
  const std::uint64_t block_size = msf_->block_size_;
  const std::uint64_t wanted = std::min(size() - offset, limit);
  const std::uint64_t in_block = (begin_ + offset) % block_size;
  std::uint64_t index = first_block_ + (begin_ + offset) / block_size;
  VIGIL_TRY_ASSIGN(const std::uint32_t first, msf_->block_number(index));
  std::uint64_t there = block_size - in_block;
  for (std::uint64_t next = std::uint64_t{first} + 1; there < wanted; ++next) {
    VIGIL_TRY_ASSIGN(const std::uint32_t block, msf_->block_number(++index));
    if (block != next) break;
    there += block_size;
  }
  const ByteView bytes =
      msf_->file_->clamp(std::uint64_t{first} * block_size + in_block, std::min(there, wanted));
  if (bytes.empty()) {
    return Error{Errc::Truncated, fmt::format("block {} is outside of the file", first)};
  }
  return bytes;
}

Status Stream::copy_to(std::uint64_t offset, std::span<std::byte> target) const {
  while (!target.empty()) {
    VIGIL_TRY_ASSIGN(const ByteView piece, run(offset, target.size()));
    copy_bytes(piece, target);
    offset += piece.size();
    target = target.subspan(piece.bytes().size());
  }
  return {};
}

Result<ByteView> Stream::read_small(std::uint64_t offset, std::span<std::byte> copy) const {
  if (!contains(offset, copy.size())) return truncated(offset, copy.size());
  VIGIL_TRY_ASSIGN(const ByteView bytes, run(offset, copy.size()));
  if (bytes.size() == copy.size()) return bytes;
  VIGIL_TRY(copy_to(offset, copy));
  return ByteView(copy);
}

Result<ByteView> Stream::read(std::uint64_t offset, std::uint64_t size, Scratch& scratch) const {
  if (!contains(offset, size)) return truncated(offset, size);
  if (size == 0) return ByteView{};
  VIGIL_TRY_ASSIGN(const ByteView bytes, run(offset, size));
  if (bytes.size() == size) return bytes;
  scratch.resize(static_cast<std::size_t>(size));
  VIGIL_TRY(copy_to(offset, scratch));
  return ByteView(scratch);
}

Result<std::string> Stream::c_string(std::uint64_t offset, std::uint64_t limit) const {
  std::string text;
  while (text.size() < limit) {
    VIGIL_TRY_ASSIGN(const ByteView piece,
                     run(offset + text.size(), std::min(limit - text.size(), kMinBlockBytes)));
    const auto end = piece.text().find('\0');
    text += piece.text().substr(0, end);
    if (end != std::string_view::npos) return text;
  }
  return Error{Errc::LimitExceeded,
               fmt::format("string at offset {:#x} is longer than {}", offset, limit)};
}

Stream Stream::part(std::uint64_t offset, std::uint64_t size) const noexcept {
  Stream result = *this;
  result.begin_ = begin_ + std::min(offset, this->size());
  result.end_ = result.begin_ + std::min(size, end_ - result.begin_);
  return result;
}

Result<ByteView> StreamReader::at(std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return ByteView{};
  if (offset < window_begin_ || !window_.contains(offset - window_begin_, size)) {
    look_ahead_ = std::clamp(2 * look_ahead_, kMinWindowBytes, kMaxWindowBytes);
    VIGIL_TRY_ASSIGN(window_, stream_.run(offset, std::max(size, look_ahead_)));
    window_begin_ = offset;
    if (size > window_.size()) return stream_.read(offset, size, scratch_);
  }
  return window_.slice(offset - window_begin_, size);
}

}  // namespace vigil::pdb
