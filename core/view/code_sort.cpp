#include "view/code_sort.hpp"

#include <algorithm>
#include <atomic>
#include <boost/sort/pdqsort/pdqsort.hpp>
#include <thread>

#include "base/check.hpp"

namespace bowshot {
namespace {

/// About a core's second level cache: 16 bytes a row while a bucket is sorted.
constexpr size_t kBucketRows = 32'768;
constexpr size_t kSplittersMax = 2'047;  // the buckets between and at them are told in 16 bits
constexpr size_t kSamplesPerSplitter = 32;
/// Between two looks at the stop token.
constexpr size_t kStepRows = 65'536;

using Words = std::span<const std::vector<uint64_t>>;

/// A row by its first word: the others are looked at where these are equal.
struct Coded {
  uint64_t code;
  uint32_t position;
  // Without a branch, which would be mispredicted half of the time.
  friend bool operator<(const Coded& a, const Coded& b) {
    return (a.code < b.code) | ((a.code == b.code) & (a.position < b.position));
  }
};

/// Runs work(0), work(1), ... at once; returns when all have ended.
template <class Work>
void run_on_threads(int threads, const Work& work) {
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&work, i] { work(i); });
  work(0);
}

class CodeSort {
 public:
  CodeSort(Words words, const CodeSortOptions& options)
      : words_(words), options_(options), rows_(words.front().size()) {}

  Result<std::vector<uint32_t>> run() {
    choose_splitters();
    classify();
    BOWSHOT_TRY(check_stop());
    distribute();
    BOWSHOT_TRY(check_stop());
    sort_buckets();
    BOWSHOT_TRY(check_stop());
    return std::move(positions_);
  }

 private:
  Result<void> check_stop() const {
    if (options_.stop.stop_requested()) return fail(options_.stop.error());
    return {};
  }

  /// Whether row `a` comes before row `b` by words[first], words[first + 1], ... alone.
  bool is_before(uint32_t a, uint32_t b, size_t first = 0) const {
    for (size_t word = first; word < words_.size(); ++word)
      if (words_[word][a] != words_[word][b]) return words_[word][a] < words_[word][b];
    return false;
  }

  void choose_splitters() {
    const size_t wanted = std::min(kSplittersMax, rows_ / kBucketRows);
    if (wanted == 0) return;
    // Multiples of the golden ratio: spread evenly, and in step with no period of the data.
    constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
    std::vector<uint32_t> sample(wanted * kSamplesPerSplitter);
    for (size_t i = 0; i < sample.size(); ++i) {
      const uint64_t share = (i * kGolden) >> 32U;
      sample[i] = static_cast<uint32_t>((share * rows_) >> 32U);
    }
    std::ranges::sort(sample, [&](uint32_t a, uint32_t b) { return is_before(a, b); });
    for (size_t i = kSamplesPerSplitter / 2; i < sample.size(); i += kSamplesPerSplitter)
      if (splitters_.empty() || is_before(splitters_.back(), sample[i]))
        splitters_.push_back(sample[i]);
    for (const uint32_t splitter : splitters_) splitter_codes_.push_back(words_[0][splitter]);
  }

  /// Even: between splitters; odd: equal to one.
  size_t bucket_of(uint32_t position) const {
    if (words_.size() > 1) return bucket_by_words(position);
    const uint64_t code = words_[0][position];
    size_t first = 0;  // the first splitter of no lesser code
    for (size_t count = splitter_codes_.size(); count > 0;) {
      const size_t half = (count + 1) / 2;
      first += splitter_codes_[first + half - 1] < code ? half : 0;  // becomes a conditional move
      count -= half;
    }
    const bool is_at = first < splitter_codes_.size() && splitter_codes_[first] == code;
    return 2 * first + (is_at ? 1 : 0);
  }

  size_t bucket_by_words(uint32_t position) const {
    const auto found = std::ranges::lower_bound(
        splitters_, position, [&](uint32_t a, uint32_t b) { return is_before(a, b); });
    const bool is_at = found != splitters_.end() && !is_before(position, *found);
    return 2 * static_cast<size_t>(found - splitters_.begin()) + (is_at ? 1 : 0);
  }

  size_t bucket_count() const { return 2 * splitters_.size() + 1; }
  /// The rows that a thread classifies and distributes: neighbours, so that the sort is stable.
  size_t part_begin(int thread) const {
    return rows_ * static_cast<size_t>(thread) / static_cast<size_t>(options_.threads);
  }

  /// Calls visit(position) for the rows of a thread's part, until the stop.
  template <class Visit>
  void visit_part(int thread, const Visit& visit) const {
    const size_t end = part_begin(thread + 1);
    for (size_t begin = part_begin(thread); begin < end && !options_.stop.stop_requested();) {
      const size_t step_end = std::min(begin + kStepRows, end);
      for (; begin < step_end; ++begin) visit(static_cast<uint32_t>(begin));
    }
  }

  void classify() {
    buckets_.resize(rows_);
    ends_.assign(static_cast<size_t>(options_.threads), std::vector<size_t>(bucket_count(), 0));
    run_on_threads(options_.threads, [&](int thread) {
      auto& counts = ends_[static_cast<size_t>(thread)];
      visit_part(thread, [&](uint32_t position) {
        const size_t bucket = bucket_of(position);
        buckets_[position] = static_cast<uint16_t>(bucket);
        ++counts[bucket];
      });
    });
    add_steps(rows_);
  }

  void distribute() {
    // From counts to where each thread's rows of each bucket begin.
    size_t begin = 0;
    for (size_t bucket = 0; bucket < bucket_count(); ++bucket) {
      bucket_begins_.push_back(begin);
      for (auto& counts : ends_) begin += std::exchange(counts[bucket], begin);
    }
    bucket_begins_.push_back(begin);
    positions_.resize(rows_);
    run_on_threads(options_.threads, [&](int thread) {
      auto& next = ends_[static_cast<size_t>(thread)];
      visit_part(thread,
                 [&](uint32_t position) { positions_[next[buckets_[position]]++] = position; });
    });
    std::vector<uint16_t>().swap(buckets_);
  }

  void sort_buckets() {
    size_t largest = 0;
    for (size_t bucket = 0; bucket < bucket_count(); bucket += 2)
      largest = std::max(largest, bucket_begins_[bucket + 1] - bucket_begins_[bucket]);
    // Here, for what is thrown for want of memory on another thread would end the process.
    std::vector<std::vector<Coded>> scratch(static_cast<size_t>(options_.threads));
    for (auto& coded : scratch) coded.reserve(largest);
    std::atomic<size_t> next = 0;
    run_on_threads(options_.threads, [&](int thread) {
      for (;;) {
        const size_t bucket = next++;
        if (bucket >= bucket_count() || options_.stop.stop_requested()) return;
        const size_t begin = bucket_begins_[bucket];
        const auto rows = std::span(positions_).subspan(begin, bucket_begins_[bucket + 1] - begin);
        if (bucket % 2 == 0) sort_bucket(rows, scratch[static_cast<size_t>(thread)]);
        add_steps(rows.size());
      }
    });
  }

  void sort_bucket(std::span<uint32_t> rows, std::vector<Coded>& coded) const {
    coded.clear();
    for (const uint32_t position : rows) coded.push_back({words_[0][position], position});
    boost::sort::pdqsort_branchless(coded.begin(), coded.end());
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = coded[i].position;
    if (words_.size() == 1) return;
    for (size_t begin = 0; begin < rows.size();) {
      size_t end = begin + 1;
      while (end < rows.size() && coded[end].code == coded[begin].code) ++end;
      std::stable_sort(rows.begin() + static_cast<int64_t>(begin),
                       rows.begin() + static_cast<int64_t>(end),
                       [&](uint32_t a, uint32_t b) { return is_before(a, b, 1); });
      begin = end;
    }
  }

  void add_steps(size_t rows) const {
    if (options_.steps) options_.steps->add(static_cast<int64_t>(rows));
  }

  Words words_;  // the caller's
  const CodeSortOptions& options_;
  size_t rows_;
  std::vector<uint32_t> splitters_;  // rows of the sample, ascending, no two equal
  std::vector<uint64_t> splitter_codes_;
  std::vector<uint16_t> buckets_;          // by position
  std::vector<std::vector<size_t>> ends_;  // by thread and bucket: counts, then places
  std::vector<size_t> bucket_begins_;
  std::vector<uint32_t> positions_;
};

}  // namespace

Result<std::vector<uint32_t>> sort_positions(Words words, const CodeSortOptions& options) {
  BOWSHOT_CHECK(!words.empty() && options.threads > 0);
  for (const auto& word : words) BOWSHOT_CHECK(word.size() == words.front().size());
  BOWSHOT_CHECK(words.front().size() <= size_t{UINT32_MAX} + 1);
  return CodeSort(words, options).run();
}

}  // namespace bowshot
