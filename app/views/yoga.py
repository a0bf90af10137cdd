"""Yoga: the picture, the pose that the model sees, what it is good for, and how often the model is right."""

from __future__ import annotations

import streamlit as st

from app import address
from app.charts import heat_map
from app.look import as_of, figures, or_stop, page, plain, show
from app.names import counted, percent
from app.warehouse import ask, picture

with page(
    "Yoga",
    "Which pose does a picture show, what is it good for, and how often does the model see what the folder says?",
    "picture",
):
    library = or_stop(
        ask(
            "select uri, pose, folder_pose, focus, health_benefit, breath, score, is_in_its_folder"
            " from {gold.yoga_pose_library} order by uri"
        ),
        "No yoga picture has been delivered yet.",
    )
    evaluation = ask("select folder_pose, predicted_pose, pictures, recall, accuracy from {gold.yoga_model_evaluation}")
    judged = int(evaluation["pictures"].sum()) if len(evaluation) else 0
    as_of(
        counted(len(library), "picture"),
        None,
        f"from the share seen as the folder says {counted(len(library) - judged, 'picture')} that the model could not read"
        if len(library) > judged
        else "",
    )
    figures(
        {
            "Pictures": f"{len(library):,}",
            "Poses": f"{library['folder_pose'].nunique()}",
            "Seen as the folder says": percent(evaluation["accuracy"].max() if len(evaluation) else None),
        }
    )
    left, right = st.columns(2)
    poses = ["all", *sorted(library["folder_pose"].dropna().unique())]
    pose = address.pick("Pose of the folder", poses, "pose", place=left, none="all")
    only_wrong = address.switch(
        "Only what the model sees otherwise", "wrong", place=right, filters_by="only what the model sees otherwise"
    )
    chosen = library if pose == "all" else library[library["folder_pose"] == pose]
    if only_wrong:
        chosen = chosen[chosen["is_in_its_folder"].fillna(False).astype(bool).eq(False)]
    if chosen.empty:
        st.success("The model sees every one of these as the folder says.")
    else:
        names = {uri: "/".join(str(uri).split("/")[-2:]) for uri in chosen["uri"]}
        uri = address.pick("Picture", list(names), "picture", format_func=lambda key: names.get(key, key))
        each = chosen[chosen["uri"] == uri].iloc[0]
        left, right = st.columns([1, 2])
        file = picture(uri)
        with left:
            if file:
                st.image(file, width="stretch", alt=f"yoga picture, {each['folder_pose']}")
            else:
                st.caption(plain(uri))
        with right:
            st.header(plain(each["pose"] or "no pose"))
            st.caption(f"folder: {plain(each['folder_pose'])}")
            if each["score"] is not None and each["score"] == each["score"]:
                st.progress(
                    min(1.0, float(each["score"])), text=f"The model's score for this pose: {percent(each['score'])}"
                )
            for label, column in (("Focus", "focus"), ("Good for", "health_benefit"), ("Breath", "breath")):
                if each[column]:
                    st.markdown(f"**{label}**: {plain(each[column])}")
    st.header("Confusion matrix")
    if evaluation.empty:
        st.info("There is nothing to evaluate yet.")
    else:
        show(
            heat_map(
                evaluation,
                "predicted_pose",
                "folder_pose",
                "pictures",
                ",d",
                ("The model sees", "The folder says", "Pictures"),
                True,
            ),
            "Heat map: number of pictures by the folder's pose and the predicted pose",
            60 * evaluation["folder_pose"].nunique() + 60,
        )
