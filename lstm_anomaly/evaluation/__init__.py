"""How good scores and alarms are, measured against labels: pure functions on rows and events.

    vus           VUS-ROC and VUS-PR, and the window they are taken over
    ranking       AUC-ROC and AUC-PR of the row scores
    row_counts    rows flagged against rows labelled: false-alarm rate, missed-alarm rate, F1
    events        labelled events: how many were found, how soon, and how many alarms were right
    false_alarms  false alarms in a time span with an exact interval, and the verdict on a budget
    figures       all of them for one detector

Labels are True for rows that are anomalous. Events are (E, 2) arrays of first and last rows, both
included, in order and apart from each other.

Point-adjusted F1 is left out on purpose. It counts every row of an event as found once one row of it
is flagged, so that a detector which flags rows at random scores high where events are long, and the
measured order of detectors is close to chance (Kim et al. 2022, https://arxiv.org/abs/2109.05257).
Event recall and event precision answer the same question without that fault.
"""
