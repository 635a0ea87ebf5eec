/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: delays between cities follow the measured round trips they were fitted to; the shipped matrix has the percentiles and the triangle violations
 * that were published of it, and the pair error gives coordinates those of their data; gaps of a matrix; a place is a pure function of seed and identity;
 * places are drawn by population; the sum of a leg; every kind of bad data file is refused with its line. Leaves open: how good the fit is for a
 * single pair. */
#include "sim/net/latency.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "sim/kernel/random.h"

#define CITIES "topologies/cities.csv"
#define CITY_COUNT 242u

static struct latency load(const char *path)
{
    struct latency l = {.model = LATENCY_COORDINATES, .seed = 1};
    char error[256] = "";
    if (latency_load_coordinates(&l, path, error, sizeof error) != 0)
        fail_msg("%s", error);
    return l;
}

static double rtt_ms(const struct latency *l, unsigned a, unsigned b)
{
    return 2e-6 * (double)latency_between_places(l, (uint16_t)a, (uint16_t)b);
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_within(double value, double expected, double share)
{
    if (fabs(value - expected) > share * expected)
        fail_msg("%.2f is more than %.0f %% off %.2f", value, 100 * share, expected);
}

/* Percentiles of the measured matrices (least round trip of the cities; PlanetLab median), over all ordered pairs. */
struct measured { const char *path; unsigned places; double mean, p5, p10, p25, p50, p75, p90; };

static void check_against(const struct measured *m)
{
    struct latency l = load(m->path);
    assert_int_equal(l.places, m->places);
    size_t pairs = 0;
    double *all = calloc((size_t)l.places * l.places, sizeof *all), sum = 0;
    assert_non_null(all);
    for (unsigned a = 0; a < l.places; a++)
        for (unsigned b = 0; b < l.places; b++)
            if (a != b)
                sum += all[pairs++] = rtt_ms(&l, a, b);
    qsort(all, pairs, sizeof *all, compare_double);
    assert_within(sum / (double)pairs, m->mean, 0.07);
    assert_within(all[pairs * 5 / 100], m->p5, 0.07);
    assert_within(all[pairs / 10], m->p10, 0.07);
    assert_within(all[pairs / 4], m->p25, 0.07);
    assert_within(all[pairs / 2], m->p50, 0.07);
    assert_within(all[pairs * 3 / 4], m->p75, 0.07);
    assert_within(all[pairs * 9 / 10], m->p90, 0.12);
    free(all);
    latency_free(&l);
}

static void round_trips_between_cities_follow_the_measured_ones(void **state)
{
    (void)state;
    check_against(&(struct measured){CITIES, CITY_COUNT, 151.25, 21.79, 33.59, 74.95, 140.45, 213.22, 282.86});
}

static void round_trips_between_planetlab_nodes_follow_the_measured_ones(void **state)
{
    (void)state;
    check_against(&(struct measured){"topologies/planetlab490_coords.csv", 490, 145.08, 18.84, 30.87, 59.11, 133.91, 203.21, 290.76});
}

/* ---- the matrix ---- */

static struct latency load_matrix(const char *path)
{
    struct latency l = {.model = LATENCY_MATRIX, .seed = 1};
    char error[256] = "";
    if (latency_load(&l, path, error, sizeof error) != 0)
        fail_msg("%s", error);
    return l;
}

#define MATRIX "topologies/planetlab490.csv.gz"

/* The figures of its data sheet (topologies/README.md). */
static void the_matrix_has_its_published_percentiles(void **state)
{
    (void)state;
    static const struct { double share, ms; } published[] = {{0.05, 18.84}, {0.10, 30.87}, {0.25, 59.11}, {0.50, 133.91}, {0.75, 203.21}, {0.90, 290.76}, {0.95, 326.05}, {0.99, 403.88}};
    struct latency l = load_matrix(MATRIX);
    assert_int_equal(l.places, 490);
    size_t pairs = 0;
    double *all = calloc((size_t)l.places * l.places, sizeof *all), sum = 0;
    assert_non_null(all);
    for (unsigned a = 0; a < l.places; a++) {
        assert_int_equal(latency_between_places(&l, (uint16_t)a, (uint16_t)a), 0);
        for (unsigned b = 0; b < l.places; b++) {
            assert_true(rtt_ms(&l, a, b) == rtt_ms(&l, b, a));
            if (a != b)
                sum += all[pairs++] = rtt_ms(&l, a, b);
        }
    }
    assert_int_equal(pairs, 239610);
    qsort(all, pairs, sizeof *all, compare_double);
    assert_within(sum / (double)pairs, 145.08, 0.0001);
    for (unsigned k = 0; k < sizeof published / sizeof *published; k++)
        assert_true(fabs(all[(size_t)(published[k].share * (double)pairs)] - published[k].ms) < 0.1);
    free(all);
    latency_free(&l);
}

static void places_of_a_matrix_are_alike(void **state)
{
    (void)state;
    enum { DRAWS = 245000 };
    struct latency l = load_matrix(MATRIX);
    unsigned count[490] = {0};
    double chi2 = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        count[latency_locate(&l, i).place]++;
    for (unsigned p = 0; p < 490; p++)
        chi2 += (count[p] - 500.0) * (count[p] - 500.0) / 500.0;
    assert_true(fabs(chi2 - 489) < 5 * sqrt(2 * 489.0));
    latency_free(&l);
}

/* Share of ordered triples of places in which the way by the third is shorter. One device lives at each place. */
static double violated(const struct latency *l)
{
    size_t n = l->places, all = 0, bad = 0;
    double *ms = calloc(n * n, sizeof *ms);
    assert_non_null(ms);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            ms[a * n + b] = 2e-6 * (double)latency_one_way(l, (struct location){(uint16_t)a, 0, (uint32_t)a}, (struct location){(uint16_t)b, 0, (uint32_t)b}, 0.5);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            for (size_t by = 0; a != b && by < n; by++) {
                all += by != a && by != b;
                bad += by != a && by != b && ms[a * n + b] > ms[a * n + by] + ms[by * n + b];
            }
    free(ms);
    return (double)bad / (double)all;
}

/* Measured: 5.7 % of the triples of PlanetLab, 5.8 % of those of the cities. */
static void triangles_are_violated_as_often_as_measured(void **state)
{
    (void)state;
    static const struct { const char *path; double sigma, share; } fits[] = {{CITIES, 0.095, 0.058}, {"topologies/planetlab490_coords.csv", 0.07, 0.057}};
    struct latency matrix = load_matrix(MATRIX);
    assert_true(fabs(violated(&matrix) - 0.057) < 0.001);
    latency_free(&matrix);
    for (unsigned k = 0; k < 2; k++) {
        struct latency l = load(fits[k].path);
        assert_true(violated(&l) < 1e-4);
        l.pair_sigma = fits[k].sigma;
        for (l.seed = 1; l.seed <= 2; l.seed++)
            assert_true(fabs(violated(&l) - fits[k].share) < 0.003);
        latency_free(&l);
    }
}

static void the_pair_error_is_one_of_both_ways_and_of_the_pair(void **state)
{
    (void)state;
    struct latency l = {.model = LATENCY_COORDINATES, .seed = 1, .pair_sigma = 0.1};
    double sum = 0, square = 0;
    unsigned same = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        double f = latency_pair_factor(&l, i, 5000 + 3 * i), x = log(f);
        assert_true(f == latency_pair_factor(&l, 5000 + 3 * i, i));
        same += f == latency_pair_factor(&l, i + 1, 5000 + 3 * i) || f == latency_pair_factor(&l, i, 5001 + 3 * i);
        sum += x;
        square += x * x;
    }
    assert_int_equal(same, 0);
    assert_true(fabs(sum / 20000) < 5 * 0.1 / sqrt(20000));
    assert_within(sqrt(square / 20000), 0.1, 0.03);
    l.pair_sigma = 0;
    assert_true(latency_pair_factor(&l, 1, 2) == 1);
}

static void a_place_depends_on_seed_and_identity_only(void **state)
{
    (void)state;
    struct latency l = load(CITIES), other = load(CITIES);
    l.access = other.access = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.010};
    l.access_floor = other.access_floor = MILLIS(2);
    other.seed = 2;
    unsigned moved = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct location first = latency_locate(&l, i), again = latency_locate(&l, i), elsewhere = latency_locate(&other, i);
        assert_int_equal(first.place, again.place);
        assert_int_equal(first.access_us, again.access_us);
        moved += first.place != elsewhere.place;
    }
    assert_true(moved > 900);
    latency_free(&l);
    latency_free(&other);
}

static void places_are_drawn_by_population(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct latency l = load(CITIES);
    unsigned count[CITY_COUNT] = {0};
    double total = 0, chi2 = 0;
    unsigned cells = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        count[latency_locate(&l, i).place]++;
    for (unsigned p = 0; p < l.places; p++)
        total += l.place[p].weight;
    for (unsigned p = 0; p < l.places; p++) {
        double expected = DRAWS * l.place[p].weight / total;
        if (l.place[p].weight <= 0)
            assert_int_equal(count[p], 0);
        if (expected < 10)
            continue;
        chi2 += (count[p] - expected) * (count[p] - expected) / expected;
        cells++;
    }
    /* Mean = cells, variance = 2 cells: five standard deviations. */
    assert_true(cells > 200);
    assert_true(chi2 < cells + 5 * sqrt(2.0 * cells));
    latency_free(&l);
}

static void access_delay_is_floor_plus_law(void **state)
{
    (void)state;
    enum { DRAWS = 50000 };
    struct latency l = load(CITIES);
    l.access_floor = MILLIS(2);
    assert_int_equal(latency_locate(&l, 7).access_us, 2000);
    l.access = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.010};
    double sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t us = latency_locate(&l, i).access_us;
        assert_true(us >= 2000);
        sum += us;
    }
    assert_within(sum / DRAWS, 12000, 0.02);
    latency_free(&l);
}

static void a_leg_is_half_the_round_trip_and_both_access_delays(void **state)
{
    (void)state;
    struct place place[2] = {{.x_ms = 1, .y_ms = 2, .z_ms = 3, .height_ms = 5, .weight = 1}, {.x_ms = 3, .y_ms = 5, .z_ms = 9, .height_ms = 2, .weight = 1}};
    double cumulative[2] = {0.5, 1};
    struct latency l = {.model = LATENCY_COORDINATES, .place = place, .places = 2, .cumulative = cumulative};
    struct location a = {.place = 0, .access_us = 1500}, b = {.place = 1, .access_us = 250};
    /* Distance (2, 3, 6) = 7; (7 + 5 + 2) / 2 = 7 ms. */
    assert_int_equal(latency_one_way(&l, a, b, 0.5), MILLIS(7) + MICROS(1750));
    assert_int_equal(latency_one_way(&l, b, a, 0.5), MILLIS(7) + MICROS(1750));
    assert_int_equal(latency_one_way(&l, a, a, 0.5), MILLIS(5) + MICROS(3000));
    /* The pair error is of the path between, not of the access links. */
    l.pair_sigma = 0.3;
    b.device = 1;
    double factor = latency_pair_factor(&l, 0, 1);
    assert_int_equal(latency_one_way(&l, a, b, 0.5), (sim_time)(7e6 * factor + 0.5) + MICROS(1750));
    uint32_t rtt_us[4] = {300, 14000, 14000, 500};
    struct latency m = {.model = LATENCY_MATRIX, .rtt_us = rtt_us, .places = 2, .cumulative = cumulative};
    assert_int_equal(latency_one_way(&m, a, b, 0.5), MILLIS(7) + MICROS(1750));
    assert_int_equal(latency_one_way(&m, a, a, 0.5), MICROS(150 + 3000));
}

static void constant_and_exponential_delays_know_no_place(void **state)
{
    (void)state;
    struct latency l = {.model = LATENCY_CONSTANT, .delay = MILLIS(50), .access_floor = MILLIS(2)};
    struct location at = latency_locate(&l, 3);
    assert_int_equal(at.place, 0);
    assert_int_equal(latency_one_way(&l, at, at, 0.1), MILLIS(50));
    l.model = LATENCY_EXPONENTIAL;
    double sum = 0;
    for (uint64_t i = 0; i < 100000; i++)
        sum += (double)latency_one_way(&l, at, at, random_unit(1, 0, STREAM_TEST, i));
    assert_within(sum / 100000, 50e6, 0.02);
}

/* A file of the given bytes, plain or compressed; the caller removes it. */
static char *file_of(const void *bytes, size_t len, int compressed)
{
    char *path = strdup("/tmp/latency_test_XXXXXX");
    assert_non_null(path);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    gzFile file = gzdopen(fd, compressed ? "wb" : "wbT");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)len), (int)len);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

static void remove_file(char *path)
{
    unlink(path);
    free(path);
}

/* Expects that the file is refused with a message that ends as given, after the path. */
static void assert_refused(const void *bytes, size_t len, const char *message)
{
    struct latency l = {.model = LATENCY_COORDINATES};
    char error[256] = "";
    char *path = file_of(bytes, len, 0);
    assert_int_equal(latency_load_coordinates(&l, path, error, sizeof error), -1);
    assert_null(l.place);
    assert_null(l.cumulative);
    assert_memory_equal(error, path, strlen(path));
    assert_string_equal(error + strlen(path), message);
    remove_file(path);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct { const char *text, *message; } cases[] = {
        {"", ": empty: a line with the names of the columns is needed"},
        {"# only a comment\n", ":1: empty: a line with the names of the columns is needed"},
        {"x_ms,z_ms\n1,2\n", ":1: no column is called y_ms; the first line names the columns"},
        {"x_ms,y_ms,x_ms\n1,2,3\n", ":1: two columns are called x_ms"},
        {"x_ms,y_ms\n", ":1: no places after the line with the names of the columns"},
        {"x_ms,y_ms\n1,2\n3\n", ":3: 1 columns, but the first line names 2"},
        {"x_ms,y_ms\n1,2,3\n", ":2: 3 columns, but the first line names 2"},
        {"x_ms,y_ms\n\n# c\n1,2x\n", ":4: y_ms: \"2x\" is no number"},
        {"x_ms,y_ms\n1,\n", ":2: y_ms: \"\" is no number"},
        {"x_ms,y_ms\n1,nan\n", ":2: y_ms: \"nan\" is no number"},
        {"x_ms,y_ms\n1,1e400\n", ":2: y_ms: \"1e400\" is no number"},
        {"x_ms,y_ms\n-1e6,1\n", ":2: x_ms: -1e6 is not in -100000 to 100000"},
        {"x_ms,y_ms,height_ms\n1,1,-0.5\n", ":2: height_ms: -0.5 is not in 0 to 100000"},
        {"x_ms,y_ms,lat\n1,1,91\n", ":2: lat: 91 is not in -90 to 90"},
        {"x_ms,y_ms,population\n1,1,0\n2,2,0\n", ":3: every population is 0"},
        {"x_ms,y_ms,population\n1,1,-3\n", ":2: population: -3 is not in 0 to 1e+12"},
        {"x_ms,y_ms,population\n1,1,\n", ":2: population: \"\" is no number"},
        {"x_ms,y_ms,city\n1,1,\"Bonn\n", ":2: column 3: quotes do not match"},
        {"x_ms,y_ms,city\n1,1,\"Bonn\"x\n", ":2: column 3: quotes do not match"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].message);
    static const char zero[] = "x_ms,y_ms\n1,\0002\n";
    assert_refused(zero, sizeof zero - 1, ":2: zero byte in the text: not a CSV file");
}

static void assert_matrix_refused(const char *text, size_t len, const char *message)
{
    struct latency l = {.model = LATENCY_MATRIX};
    char error[256] = "";
    char *path = file_of(text, len, 0);
    assert_int_equal(latency_load(&l, path, error, sizeof error), -1);
    assert_null(l.rtt_us);
    assert_null(l.cumulative);
    assert_int_equal(l.places, 0);
    assert_memory_equal(error, path, strlen(path));
    assert_string_equal(error + strlen(path), message);
    remove_file(path);
}

static void bad_matrices_are_refused_with_row_and_column(void **state)
{
    (void)state;
    static const struct { const char *text, *message; } cases[] = {
        {"", ": empty: a line of round trips for each place is needed"},
        {"# c\n\n", ":2: empty: a line of round trips for each place is needed"},
        {"0,1\n1,0\n1,1\n", ":3: more rows than the 2 columns"},
        {"0,1,2\n1,0,3\n", ":2: 2 rows, but 3 columns"},
        {"# c\n0,1\n1\n", ":3: row 2: 1 columns, but row 1 has 2"},
        {"0,1\n1,0,4\n", ":2: row 2: 3 columns, but row 1 has 2"},
        {"# c\n0,1\n\n1,0x\n", ":4: row 2, column 2: \"0x\" is no number"},
        {"0,nan\n1,0\n", ":1: row 1, column 2: \"nan\" is no number"},
        {"0,1e9\n1,0\n", ":1: row 1, column 2: 1e9 ms is not in 0 to 100000"},
        {"0,1\n-0.1,0\n", ":2: row 2, column 1: -0.1 ms is not in 0 to 100000"},
        {"0,1,\n1,0,\n,,0\n", ": places 1 and 3: no round trip was measured, nor one by way of a third place"},
        {"0,0\n0,0\n", ": places 1 and 2: no round trip was measured, nor one by way of a third place"},
        {"x_ms,y_ms\n1,2\n", ":1: row 1, column 1: \"x_ms\" is no number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_matrix_refused(cases[i].text, strlen(cases[i].text), cases[i].message);
    static char wide[70000];
    memset(wide, ',', sizeof wide);
    assert_matrix_refused(wide, 4096, ":1: more than 4096 places");
    assert_matrix_refused(wide, sizeof wide, ":1: line longer than 65536 bytes");
}

/* Both ways: the mean. Place 4 is known from its own side only, and only to place 2; 1 and 3 meet by way of 2 (11 + 5) or 5 (1 + 20). */
static void gaps_of_a_matrix_are_filled(void **state)
{
    (void)state;
    static const char text[] = "0,10,,,1\n12,0.4,4,,30\n,6,0,,20\n,2.5,0,0,\n1,30,20,,\n";
    char *path = file_of(text, sizeof text - 1, 1);
    struct latency l = load_matrix(path);
    static const double expected[5][5] = {{0, 11, 16, 13.5, 1}, {11, 0.4, 5, 2.5, 30}, {16, 5, 0, 7.5, 20}, {13.5, 2.5, 7.5, 0, 32.5}, {1, 30, 20, 32.5, 0}};
    assert_int_equal(l.places, 5);
    for (unsigned a = 0; a < 5; a++)
        for (unsigned b = 0; b < 5; b++)
            assert_true(fabs(rtt_ms(&l, a, b) - expected[a][b]) < 1e-9);
    assert_true(l.cumulative[4] == 1);
    latency_free(&l);
    remove_file(path);
}

static void endless_lines_and_columns_are_refused(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, '1', sizeof text);
    assert_refused(text, sizeof text, ":1: line longer than 4094 bytes");
    memset(text, ',', 100);
    assert_refused(text, 100, ":1: more than 64 columns");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct latency l = {.model = LATENCY_COORDINATES};
    char error[256] = "";
    assert_int_equal(latency_load_coordinates(&l, "topologies/atlantis.csv", error, sizeof error), -1);
    assert_string_equal(error, "topologies/atlantis.csv: No such file or directory");
    assert_int_equal(latency_load_coordinates(&l, "topologies", error, sizeof error), -1);
    char small[10];
    memset(small, 'x', sizeof small);
    assert_int_equal(latency_load_coordinates(&l, "topologies/atlantis.csv", small, sizeof small), -1);
    assert_int_equal(small[9], '\0');
}

static void forms_that_spreadsheets_write_are_read(void **state)
{
    (void)state;
    static const char text[] = "# c\r\n\"x_ms\",city,y_ms,lat\r\n1.5,\"Say \"\"Ah\"\", Bonn\",-2,\r\n3,,4e0,50.7";
    for (int compressed = 0; compressed < 2; compressed++) {
        char *path = file_of(text, sizeof text - 1, compressed);
        struct latency l = load(path);
        assert_int_equal(l.places, 2);
        assert_true(l.place[0].x_ms == 1.5f && l.place[0].y_ms == -2.0f && l.place[0].latitude == 0.0f);
        assert_true(l.place[1].x_ms == 3.0f && l.place[1].y_ms == 4.0f && l.place[1].weight == 1.0);
        assert_true(l.cumulative[0] == 0.5 && l.cumulative[1] == 1.0);
        latency_free(&l);
        remove_file(path);
    }
}

static void a_compressed_file_cut_short_is_refused(void **state)
{
    (void)state;
    static char text[60000];
    size_t len = (size_t)snprintf(text, sizeof text, "x_ms,y_ms\n");
    for (unsigned i = 0; len < sizeof text - 40; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%u,%u\n", i % 997, i * i % 1009);
    char *path = file_of(text, len, 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static unsigned char packed[60000];
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    remove_file(path);
    struct latency l = {.model = LATENCY_COORDINATES};
    for (size_t cut = 20; cut < size; cut += size / 7) {
        char error[256] = "";
        path = file_of(packed, cut, 0);
        assert_int_equal(latency_load_coordinates(&l, path, error, sizeof error), -1);
        assert_non_null(strstr(error, "the compressed file is cut short"));
        remove_file(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_between_cities_follow_the_measured_ones),
        cmocka_unit_test(round_trips_between_planetlab_nodes_follow_the_measured_ones),
        cmocka_unit_test(the_matrix_has_its_published_percentiles),
        cmocka_unit_test(places_of_a_matrix_are_alike),
        cmocka_unit_test(triangles_are_violated_as_often_as_measured),
        cmocka_unit_test(the_pair_error_is_one_of_both_ways_and_of_the_pair),
        cmocka_unit_test(bad_matrices_are_refused_with_row_and_column),
        cmocka_unit_test(gaps_of_a_matrix_are_filled),
        cmocka_unit_test(a_place_depends_on_seed_and_identity_only),
        cmocka_unit_test(places_are_drawn_by_population),
        cmocka_unit_test(access_delay_is_floor_plus_law),
        cmocka_unit_test(a_leg_is_half_the_round_trip_and_both_access_delays),
        cmocka_unit_test(constant_and_exponential_delays_know_no_place),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(endless_lines_and_columns_are_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(forms_that_spreadsheets_write_are_read),
        cmocka_unit_test(a_compressed_file_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
