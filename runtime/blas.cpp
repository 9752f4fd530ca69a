#include <croton/ir/format.hpp>
#include <croton/runtime/blas.hpp>

#include <algorithm>
#include <dlfcn.h>
#include <memory>

namespace croton::inline v1 {

namespace {

/// The most rows and columns that one thread takes at a time: many reuse what the library has
/// packed, few keep all threads busy.
constexpr std::int64_t tile_rows = 256, tile_columns = 512;
/// Operations below which waking threads takes longer than the work, as in emitted kernels.
constexpr std::int64_t serial_below = 200'000;

// ---- opening

struct Opened {
    std::mutex mutex;
    std::vector<std::unique_ptr<Blas>> list;
};

Opened& opened()
{
    static Opened* const only = new Opened; // never destroyed: a thread may still compute at exit
    return *only;
}

template <class Function>
Function symbol(void* library, const char* name)
{
    return reinterpret_cast<Function>(::dlsym(library, name));
}

/// Null with a line in `tried` if it can't be opened or is no BLAS.
std::unique_ptr<Blas> open(const std::string& name, std::string& tried)
{
    void* const library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        tried += fmt::format("\n  {}", ::dlerror());
        return nullptr;
    }
    auto blas = std::make_unique<Blas>();
    blas->name = name;
    blas->gemm_f32 = symbol<FortranGemm<float>>(library, "sgemm_");
    blas->gemm_f64 = symbol<FortranGemm<double>>(library, "dgemm_");
    if (!blas->gemm_f32 || !blas->gemm_f64) {
        tried += fmt::format("\n  {}: it has no sgemm_ and dgemm_", name);
        ::dlclose(library);
        return nullptr;
    }
    blas->threads = symbol<int (*)()>(library, "openblas_get_num_threads");
    blas->set_threads = symbol<void (*)(int)>(library, "openblas_set_num_threads");
    if (!blas->threads) blas->set_threads = nullptr;
    blas->set_threads_of_caller = symbol<int (*)(int)>(library, "MKL_Set_Num_Threads_Local");
    return blas;
}

// ---- computing

/// While a product runs the library computes in the thread that calls it, and in no other.
class OneThread {
public:
    explicit OneThread(const Blas& blas) : blas_(blas)
    {
        if (!blas_.set_threads) return;
        const std::lock_guard lock(blas_.running.mutex);
        if (blas_.running.products++ > 0) return;
        blas_.running.threads_before = blas_.threads();
        if (blas_.running.threads_before != 1) blas_.set_threads(1);
    }
    ~OneThread()
    {
        if (!blas_.set_threads) return;
        const std::lock_guard lock(blas_.running.mutex);
        if (--blas_.running.products == 0 && blas_.running.threads_before != 1)
            blas_.set_threads(blas_.running.threads_before);
    }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    const Blas& blas_;
};

/// The same, where the library has such a setting for each thread.
class OneThreadOfCaller {
public:
    explicit OneThreadOfCaller(const Blas& blas)
        : set_(blas.set_threads_of_caller), before_(set_ ? set_(1) : 0)
    {}
    ~OneThreadOfCaller()
    {
        if (set_) set_(before_);
    }
    OneThreadOfCaller(const OneThreadOfCaller&) = delete;
    OneThreadOfCaller& operator=(const OneThreadOfCaller&) = delete;

private:
    int (*set_)(int);
    int before_;
};

FortranGemm<float> gemm_of(const Blas& blas, float) { return blas.gemm_f32; }
FortranGemm<double> gemm_of(const Blas& blas, double) { return blas.gemm_f64; }

std::int64_t pieces(std::int64_t extent, std::int64_t size) { return (extent + size - 1) / size; }

/// A row-major matrix is Fortran's transposed one: out^T = b^T * a^T.
template <class T>
class Product {
public:
    Product(const Blas& blas,
            std::int64_t m,
            std::int64_t n,
            std::int64_t k,
            const Matrix& a,
            const Matrix& b,
            T* out)
        : blas_(blas), gemm_(gemm_of(blas, T())), m_(m), n_(n), k_(k), a_(a), b_(b), out_(out),
          a_rows_apart_(a.per_column == 1 || k == 1), b_rows_apart_(b.per_column == 1 || n == 1)
    {
        // What is further apart than the library can count is given to it one by one.
        const std::int64_t a_distance = a_rows_apart_ ? a.per_row : a.per_column;
        const std::int64_t b_distance = b_rows_apart_ ? b.per_row : b.per_column;
        piece_m_ = piece_n_ = piece_k_ = blas.largest;
        if (a_distance > blas.largest) (a_rows_apart_ ? piece_m_ : piece_k_) = 1;
        if (b_distance > blas.largest) (b_rows_apart_ ? piece_k_ : piece_n_) = 1;
        if (n > blas.largest) piece_m_ = 1;
    }

    std::int64_t tiles() const { return down() * across(); }

    void compute(std::int64_t tile) const
    {
        const std::int64_t per_matrix = tiles();
        const std::int64_t h = tile / per_matrix;
        const std::int64_t i = tile % per_matrix / across() * tile_rows;
        const std::int64_t j = tile % across() * tile_columns;
        const OneThreadOfCaller one(blas_);
        compute(h, {i, std::min(i + tile_rows, m_)}, {j, std::min(j + tile_columns, n_)});
    }

private:
    struct Range {
        std::int64_t begin, end;
    };

    std::int64_t down() const { return pieces(m_, tile_rows); }
    std::int64_t across() const { return pieces(n_, tile_columns); }

    void compute(std::int64_t h, Range rows, Range columns) const
    {
        for (std::int64_t i = rows.begin; i < rows.end; i += piece_m_)
            for (std::int64_t j = columns.begin; j < columns.end; j += piece_n_)
                for (std::int64_t p = 0; p < k_; p += piece_k_)
                    call(h, {i, std::min(i + piece_m_, rows.end)},
                         {j, std::min(j + piece_n_, columns.end)}, {p, std::min(p + piece_k_, k_)});
    }

    void call(std::int64_t h, Range rows, Range columns, Range terms) const
    {
        const auto count = [](Range r) { return static_cast<std::int32_t>(r.end - r.begin); };
        const std::int32_t m = count(rows), n = count(columns), k = count(terms);
        // Fortran has rules for the distance of two rows even where there is one.
        const auto leading = [](std::int64_t distance, std::int32_t lines, std::int32_t length) {
            return lines == 1 ? length : static_cast<std::int32_t>(distance);
        };
        const std::int32_t a_leading =
            a_rows_apart_ ? leading(a_.per_row, m, k) : leading(a_.per_column, k, m);
        const std::int32_t b_leading =
            b_rows_apart_ ? leading(b_.per_row, k, n) : leading(b_.per_column, n, k);
        const std::int32_t out_leading = leading(n_, m, n);
        const T one = 1, begun = terms.begin > 0 ? 1 : 0;
        gemm_(b_rows_apart_ ? "N" : "T", a_rows_apart_ ? "N" : "T", &n, &m, &k, &one,
              element(b_, h, terms.begin, columns.begin), &b_leading,
              element(a_, h, rows.begin, terms.begin), &a_leading, &begun,
              out_ + (h * m_ + rows.begin) * n_ + columns.begin, &out_leading, 1, 1);
    }

    static const T* element(const Matrix& x, std::int64_t h, std::int64_t i, std::int64_t j)
    {
        return static_cast<const T*>(x.elements) + h * x.per_matrix + i * x.per_row +
               j * x.per_column;
    }

    const Blas& blas_;
    FortranGemm<T> gemm_;
    std::int64_t m_, n_, k_;
    Matrix a_, b_;
    T* out_;
    bool a_rows_apart_, b_rows_apart_; ///< rows lie in one piece each; else columns do
    std::int64_t piece_m_, piece_n_, piece_k_;
};

template <class T>
void gemm(const Runtime* runtime,
          std::int64_t batch,
          std::int64_t m,
          std::int64_t n,
          std::int64_t k,
          const Matrix* a,
          const Matrix* b,
          T* out)
{
    if (batch == 0 || m == 0 || n == 0) return;
    if (k == 0) return void(std::fill_n(out, batch * m * n, T(0)));
    const Blas& blas = *static_cast<const Blas*>(runtime->library);
    const Product<T> product(blas, m, n, k, *a, *b, out);
    const std::int64_t tiles = batch * product.tiles();
    const OneThread one(blas);
    if (runtime->parallel_for && tiles > 1 && 2 * batch * m * n * k > serial_below)
        runtime->parallel_for(
            runtime,
            [](void* context, std::int64_t tile) {
                static_cast<const Product<T>*>(context)->compute(tile);
            },
            const_cast<Product<T>*>(&product), tiles);
    else
        for (std::int64_t tile = 0; tile < tiles; ++tile)
            product.compute(tile);
}

} // namespace

const std::vector<std::string>& blas_names()
{
    static const std::vector<std::string> names = {"libopenblas.so.0", "libmkl_rt.so.2",
                                                   "libblis.so.4", "libblas.so.3"};
    return names;
}

const Blas& open_blas(const std::vector<std::string>& names)
{
    Opened& o = opened();
    const std::lock_guard lock(o.mutex);
    std::string tried;
    for (const std::string& name : names) {
        const auto same_name = [&](const auto& blas) { return blas->name == name; };
        if (const auto at = std::ranges::find_if(o.list, same_name); at != o.list.end())
            return **at;
        if (auto blas = open(name, tried)) {
            o.list.push_back(std::move(blas));
            return *o.list.back();
        }
    }
    throw backend_error("matmul", "no library for matrix products can be opened, tried:{}", tried);
}

std::vector<std::string> opened_blas()
{
    Opened& o = opened();
    const std::lock_guard lock(o.mutex);
    std::vector<std::string> names;
    for (const auto& blas : o.list)
        names.push_back(blas->name);
    return names;
}

void use_blas(Runtime& runtime, const Blas& blas) noexcept
{
    runtime.library = &blas;
    runtime.gemm_f32 = &gemm<float>;
    runtime.gemm_f64 = &gemm<double>;
}

} // namespace croton::inline v1
